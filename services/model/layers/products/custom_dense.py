"""CustomDense: a dense layer as a user would write it, with normally distributed initial values."""

from twinrun.contract.initializers import Normal
from twinrun.contract.layers import CustomDense

from services.model.layers.parameter import Parameter, Shape, kernel_and_bias


def output_shape(layer: CustomDense, shape: Shape) -> Shape:
    """Implement `services.model.layers.Kind`."""
    if len(shape) != 1:
        size = "x".join(map(str, shape))
        raise ValueError(f"takes a flat input, but gets {size}; put a flatten before it")
    return (layer.units,)


def parameters(layer: CustomDense, name: str, shape: Shape) -> list[Parameter]:
    """Implement `services.model.layers.Kind`."""
    drawn = Normal(layer.stddev)
    return kernel_and_bias(name, (shape[0], layer.units), drawn, drawn)


def multiplications(layer: CustomDense, shape: Shape) -> int:
    """Implement `services.model.layers.Kind`."""
    return shape[0] * layer.units
