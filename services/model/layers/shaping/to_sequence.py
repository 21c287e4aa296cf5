"""ToSequence: an image's pixels, one after the other."""

from twinrun.contract.layers import ToSequence

from services.model.layers.parameter import Shape
from services.model.layers.plain import no_multiplications, no_parameters
from services.model.layers.window import require_images

parameters = no_parameters
multiplications = no_multiplications


def output_shape(_: ToSequence, shape: Shape) -> Shape:
    """Implement `services.model.layers.Kind`."""
    require_images(shape)
    height, width, channels = shape
    return height * width, channels
