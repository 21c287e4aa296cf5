"""MaxPool2d: the largest value of each channel in each window of an image."""

import functools

import jax
import jax.numpy as jnp
from twinrun.contract.layers import MaxPool2d

from services.jax.layers.given import Given
from services.jax.layers.pools.windows import places


def computed(layer: MaxPool2d, x: jax.Array, _: Given) -> jax.Array:
    """Implement `services.jax.layers.Kind`: of equal values the first counts.

    `lax.reduce_window` has that gradient too, but on a CPU it is slow inside a loop.
    """
    return functools.reduce(_larger, places(x, layer.size, layer.stride))


def _larger(first: jax.Array, second: jax.Array) -> jax.Array:
    """Return the larger ones; `jnp.maximum` shares the gradient between equal values."""
    return jnp.where(second > first, second, first)
