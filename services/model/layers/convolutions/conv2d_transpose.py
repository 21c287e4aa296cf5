"""Conv2dTranspose: a kernel [h, w, filters, in] that spreads each pixel of an image [h, w, in]."""

import math
from dataclasses import replace

from twinrun.contract.layers import Conv2dTranspose

from services.model.layers.parameter import Parameter, Shape, kernel_and_bias
from services.model.layers.window import require_images, transposed


def output_shape(layer: Conv2dTranspose, shape: Shape) -> Shape:
    """Implement `services.model.layers.Kind`."""
    require_images(shape)
    down, across = transposed(layer)
    made = down.spread(shape[0]), across.spread(shape[1])
    if min(made) < 1:
        raise ValueError(f"cuts off all that it makes of {shape[0]}x{shape[1]}; give less padding")
    return (*made, layer.filters)


def parameters(layer: Conv2dTranspose, name: str, shape: Shape) -> list[Parameter]:
    """Implement `services.model.layers.Kind`; the kernel's last axes stand the other way round."""
    down, across = transposed(layer)
    window = down.size, across.size
    of_bias = layer.bias_initializer if layer.use_bias else None
    made = kernel_and_bias(
        name, (*window, shape[-1], layer.filters), layer.kernel_initializer, of_bias
    )
    return [replace(made[0], shape=(*window, layer.filters, shape[-1])), *made[1:]]


def multiplications(layer: Conv2dTranspose, shape: Shape) -> int:
    """Implement `services.model.layers.Kind`."""
    down, across = transposed(layer)
    return down.size * across.size * layer.filters * math.prod(shape)
