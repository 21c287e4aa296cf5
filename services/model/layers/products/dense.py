"""Dense: ``x @ kernel + bias``, for flat samples, or at each position of a sequence."""

import math

from twinrun.contract.layers import Dense

from services.model.layers.parameter import Parameter, Shape, kernel_and_bias


def output_shape(layer: Dense, shape: Shape) -> Shape:
    """Implement `services.model.layers.Kind`."""
    if len(shape) > 2:
        size = "x".join(map(str, shape))
        raise ValueError(f"takes a flat input, but gets {size}; put a flatten before it")
    return *shape[:-1], layer.units


def parameters(layer: Dense, name: str, shape: Shape) -> list[Parameter]:
    """Implement `services.model.layers.Kind`."""
    of_bias = layer.bias_initializer if layer.use_bias else None
    return kernel_and_bias(name, (shape[-1], layer.units), layer.kernel_initializer, of_bias)


def multiplications(layer: Dense, shape: Shape) -> int:
    """Implement `services.model.layers.Kind`."""
    return math.prod(shape) * layer.units
