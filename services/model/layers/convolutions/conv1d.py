"""Conv1d: a kernel [size, in, filters] applied to each window of a sequence [time, in]."""

from twinrun.contract.layers import Conv1d

from services.model.layers.parameter import Parameter, Shape, kernel_and_bias
from services.model.layers.window import along


def output_shape(layer: Conv1d, shape: Shape) -> Shape:
    """Implement `services.model.layers.Kind`."""
    if len(shape) != 2:
        size = "x".join(map(str, shape))
        raise ValueError(f"takes sequences, but gets {size}")
    axis = along(layer, shape[0])
    if axis.places(shape[0]) < 1:
        raise ValueError(f"has a window of {axis.size} values, but gets {axis.padded(shape[0])}")
    return axis.places(shape[0]), layer.filters


def parameters(layer: Conv1d, name: str, shape: Shape) -> list[Parameter]:
    """Implement `services.model.layers.Kind`."""
    of_bias = layer.bias_initializer if layer.use_bias else None
    kernel = layer.size, shape[-1], layer.filters
    return kernel_and_bias(name, kernel, layer.kernel_initializer, of_bias)


def multiplications(layer: Conv1d, shape: Shape) -> int:
    """Implement `services.model.layers.Kind`."""
    return layer.size * shape[-1] * layer.filters * along(layer, shape[0]).places(shape[0])
