"""Conv2dTranspose: a kernel [h, w, filters, in] that spreads each pixel of [batch, h, w, in]."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax import lax
from twinrun.contract.layers import Conv2dTranspose

from services.jax.layers.convolutions.conv2d import convolved
from services.jax.layers.given import Given
from services.model.layers.window import Axis, transposed


def computed(layer: Conv2dTranspose, x: jax.Array, given: Given) -> jax.Array:
    """Implement `services.jax.layers.Kind`.

    A convolution of the pixels, a stride apart, with the kernel turned round.
    """
    kernel, bias = next(given.trained), next(given.trained) if layer.use_bias else None
    windows = transposed(layer)
    turned = kernel[::-1, ::-1].swapaxes(2, 3)
    made = convolved(_apart(x, windows), turned, _spreading(windows), 1, given)
    return made if bias is None else made + bias


def _apart(x: jax.Array, windows: Sequence[Axis]) -> jax.Array:
    """Put zeros between pixels, and around them as many as reach what is kept."""
    sides = [
        (axis.reach - 1 - axis.before, axis.reach - 1 - axis.after, axis.stride - 1)
        for axis in windows
    ]
    return lax.pad(x, jnp.zeros((), x.dtype), ((0, 0, 0), *sides, (0, 0, 0)))


def _spreading(windows: tuple[Axis, Axis]) -> tuple[Axis, Axis]:
    down, across = (Axis(axis.size, 1, 0, 0) for axis in windows)
    return down, across
