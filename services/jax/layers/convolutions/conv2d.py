"""Conv2d: a kernel [h, w, in / groups, filters] on each window of images [batch, h, w, in]."""

import itertools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax import lax
from twinrun.contract.layers import Conv2d

from services.jax.layers.given import Given
from services.model.layers.window import Axis, axes


def computed(layer: Conv2d, x: jax.Array, given: Given) -> jax.Array:
    """Implement `services.jax.layers.Kind`."""
    kernel, bias = next(given.trained), next(given.trained) if layer.use_bias else None
    made = convolved(x, kernel, axes(layer, x.shape[1:]), layer.groups, given)
    return made if bias is None else made + bias


def convolved(
    x: jax.Array, kernel: jax.Array, windows: tuple[Axis, Axis], groups: int, given: Given
) -> jax.Array:
    """Convolve ``x`` [batch, h, w, in] with ``kernel`` [h, w, in / groups, filters]."""
    x, laid = given.rounding.factor(x), given.rounding.factor(kernel)
    make = as_product if given.rounding.on_cpu else _by_kernel
    return given.rounding.product(make(x, laid, windows, groups), kernel.dtype)


def _by_kernel(
    x: jax.Array, kernel: jax.Array, windows: tuple[Axis, Axis], groups: int
) -> jax.Array:
    return lax.conv_general_dilated(
        x,
        kernel,
        [axis.stride for axis in windows],
        [(axis.before, axis.after) for axis in windows],
        rhs_dilation=[axis.dilation for axis in windows],
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=groups,
    )


def as_product(
    x: jax.Array, kernel: jax.Array, windows: tuple[Axis, Axis], groups: int
) -> jax.Array:
    """Convolve as one product of all windows.

    On a CPU, XLA's convolution takes one thread, and in float64, or for the gradient of a kernel
    inside a loop, a path that is up to forty times as slow.
    """
    sides = [(axis.before, axis.after) for axis in windows]
    # Barriers: XLA would compute what comes before again for each place in a window.
    x = lax.optimization_barrier(jnp.pad(x, ((0, 0), *sides, (0, 0))))
    height, width, channels, filters = kernel.shape
    found = lax.optimization_barrier(
        jnp.stack(_places(x, windows), 3)
    )  # [batch, down, across, places, in]
    if groups == 1:
        made = found.reshape(-1, height * width * channels) @ kernel.reshape(-1, filters)
    else:
        grouped = found.reshape(-1, height * width, groups, channels)
        laid = kernel.reshape(height * width, channels, groups, filters // groups)
        made = jnp.einsum("npgc,pcgf->ngf", grouped, laid)
    return made.reshape(*found.shape[:3], filters)


def _places(x: jax.Array, windows: Sequence[Axis]) -> list[jax.Array]:
    """Return what the windows on padded ``x`` have at each place, [batch, down, across, in]."""
    along = [
        [
            slice(at * axis.dilation, at * axis.dilation + (side - axis.reach) + 1, axis.stride)
            for at in range(axis.size)
        ]
        for axis, side in zip(windows, x.shape[1:3], strict=True)
    ]
    return [x[:, rows, columns] for rows, columns in itertools.product(*along)]
