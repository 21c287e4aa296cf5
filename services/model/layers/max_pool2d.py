"""MaxPool2d: of each window of an image the largest value of each channel."""

from twinrun.contract.layers import AveragePool2d, MaxPool2d

from services.model.layers.parameter import Shape
from services.model.layers.plain import no_multiplications, no_parameters
from services.model.layers.window import windows


def output_shape(layer: MaxPool2d | AveragePool2d, shape: Shape) -> Shape:
    """As `services.model.layers.Kind`."""
    return (*windows(shape, layer.size, layer.stride), shape[-1])


parameters = no_parameters
multiplications = no_multiplications
