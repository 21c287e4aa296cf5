"""ZeroPadding2d: zeros around an image."""

from twinrun.contract.layers import ZeroPadding2d

from services.model.layers.parameter import Shape
from services.model.layers.plain import no_multiplications, no_parameters
from services.model.layers.window import require_images, sides

parameters = no_parameters
multiplications = no_multiplications


def output_shape(layer: ZeroPadding2d, shape: Shape) -> Shape:
    """Implement `services.model.layers.Kind`."""
    require_images(shape)
    above, below, left, right = sides(layer)
    return shape[0] + above + below, shape[1] + left + right, shape[2]
