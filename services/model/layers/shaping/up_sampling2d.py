"""UpSampling2d: an image of several times the height and width."""

from twinrun.contract.layers import UpSampling2d

from services.model.layers.parameter import Shape
from services.model.layers.plain import no_multiplications, no_parameters
from services.model.layers.window import require_images

parameters = no_parameters
multiplications = no_multiplications


def output_shape(layer: UpSampling2d, shape: Shape) -> Shape:
    """Implement `services.model.layers.Kind`."""
    require_images(shape)
    height, width, channels = shape
    return layer.factor * height, layer.factor * width, channels
