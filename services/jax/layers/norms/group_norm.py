"""GroupNorm: normalises groups of an image's channels by their own mean and variance."""

import jax
import jax.numpy as jnp
from jax import lax
from twinrun.contract.layers import GroupNorm

from services.jax.layers.given import Given


def computed(layer: GroupNorm, x: jax.Array, given: Given) -> jax.Array:
    """Implement `services.jax.layers.Kind`."""
    gamma, beta = next(given.trained), next(given.trained)
    grouped = x.reshape(*x.shape[:-1], layer.groups, -1)
    centred = grouped - _mean(grouped)
    normalised = centred * lax.rsqrt(_mean(jnp.square(centred)) + layer.epsilon)
    return normalised.reshape(x.shape) * gamma + beta


def _mean(grouped: jax.Array) -> jax.Array:
    """Return the mean of each group; in two stages, as that of `batch_norm`."""
    return grouped.mean((2, 4), keepdims=True).mean(1, keepdims=True)
