"""Conv2d: a kernel [h, w, in / groups, filters] applied to each window of an image [h, w, in]."""

import math

from twinrun.contract.layers import Conv2d

from services.model.layers.parameter import Parameter, Shape, kernel_and_bias
from services.model.layers.window import axes, places, require_groups, require_images


def output_shape(layer: Conv2d, shape: Shape) -> Shape:
    """Implement `services.model.layers.Kind`."""
    require_images(shape)
    require_groups(layer, shape[-1])
    return (*places(shape, *axes(layer, shape)), layer.filters)


def parameters(layer: Conv2d, name: str, shape: Shape) -> list[Parameter]:
    """Implement `services.model.layers.Kind`."""
    of_bias = layer.bias_initializer if layer.use_bias else None
    return kernel_and_bias(name, _kernel(layer, shape), layer.kernel_initializer, of_bias)


def multiplications(layer: Conv2d, shape: Shape) -> int:
    """Implement `services.model.layers.Kind`."""
    return math.prod(_kernel(layer, shape)) * math.prod(places(shape, *axes(layer, shape)))


def _kernel(layer: Conv2d, shape: Shape) -> Shape:
    down, across = axes(layer, shape)
    return down.size, across.size, shape[-1] // layer.groups, layer.filters
