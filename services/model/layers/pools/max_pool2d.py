"""MaxPool2d: the largest value of each channel in each window of an image."""

from twinrun.contract.layers import AveragePool2d, MaxPool2d

from services.model.layers.parameter import Shape
from services.model.layers.plain import no_multiplications, no_parameters
from services.model.layers.window import windows


def output_shape(layer: MaxPool2d | AveragePool2d, shape: Shape) -> Shape:
    """Implement `services.model.layers.Kind`."""
    return (*windows(shape, layer.size, layer.stride), shape[-1])


parameters = no_parameters
multiplications = no_multiplications
