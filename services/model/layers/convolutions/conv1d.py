"""Conv1d: a kernel [size, in / groups, filters] applied to each window of a sequence [time, in]."""

import math

from twinrun.contract.layers import Conv1d

from services.model.layers.parameter import Parameter, Shape, kernel_and_bias
from services.model.layers.window import along, require_groups


def output_shape(layer: Conv1d, shape: Shape) -> Shape:
    """Implement `services.model.layers.Kind`."""
    if len(shape) != 2:
        size = "x".join(map(str, shape))
        raise ValueError(f"takes sequences, but gets {size}")
    require_groups(layer, shape[-1])
    axis = along(layer, shape[0])
    if axis.places(shape[0]) < 1:
        raise ValueError(f"has a window of {axis.reach} values, but gets {axis.padded(shape[0])}")
    return axis.places(shape[0]), layer.filters


def parameters(layer: Conv1d, name: str, shape: Shape) -> list[Parameter]:
    """Implement `services.model.layers.Kind`."""
    of_bias = layer.bias_initializer if layer.use_bias else None
    return kernel_and_bias(name, _kernel(layer, shape), layer.kernel_initializer, of_bias)


def multiplications(layer: Conv1d, shape: Shape) -> int:
    """Implement `services.model.layers.Kind`."""
    return math.prod(_kernel(layer, shape)) * along(layer, shape[0]).places(shape[0])


def _kernel(layer: Conv1d, shape: Shape) -> Shape:
    return layer.size, shape[-1] // layer.groups, layer.filters
