"""Convolutions of users' models on a CPU, as products: XLA's own are far slower within a loop."""

from typing import Any

import jax
from jax import lax

from services.jax.code.windows import each, padding
from services.jax.layers.convolutions.conv2d import as_product
from services.model.layers.window import Axis


def convolved(
    x: jax.Array,
    kernel: jax.Array,
    strides: Any,
    sides: Any,
    *,
    lhs_dilation: Any = None,
    rhs_dilation: Any = None,
    dimension_numbers: Any = None,
    feature_group_count: int = 1,
    **others: Any,
) -> jax.Array:
    """Convolve as `jax.lax.conv_general_dilated`, which Flax's layer of two axes calls."""
    if x.ndim != 4 or any(one != 1 for one in each(lhs_dilation, 2)):
        made: jax.Array = lax.conv_general_dilated(
            *(x, kernel, strides, sides),
            lhs_dilation=lhs_dilation,
            rhs_dilation=rhs_dilation,
            dimension_numbers=dimension_numbers,
            feature_group_count=feature_group_count,
            **others,
        )
        return made
    size, stride, dilation = kernel.shape[:2], each(strides, 2), each(rhs_dilation, 2)
    around = padding(sides, x.shape[1:3], size, stride, dilation)
    down, across = (
        Axis(k, s, before, after, d)
        for k, s, (before, after), d in zip(size, stride, around, dilation, strict=True)
    )
    return as_product(x, kernel, (down, across), feature_group_count)
