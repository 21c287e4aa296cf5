"""GlobalAveragePool2d: the mean of each channel of an image."""

from services.model.layers.parameter import Shape
from services.model.layers.plain import no_multiplications, no_parameters
from services.model.layers.window import require_images

parameters = no_parameters
multiplications = no_multiplications


def output_shape(_: object, shape: Shape) -> Shape:
    """Implement `services.model.layers.Kind`."""
    require_images(shape)
    return shape[-1:]
