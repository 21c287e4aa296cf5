"""LayerNorm: normalises the values of the last axis by their own mean and variance."""

import jax
import jax.numpy as jnp
from jax import lax
from twinrun.contract.layers import LayerNorm

from services.jax.layers.given import Given


def computed(layer: LayerNorm, x: jax.Array, given: Given) -> jax.Array:
    """Implement `services.jax.layers.Kind`."""
    gamma, beta = next(given.trained), next(given.trained)
    centred = x - x.mean(-1, keepdims=True)
    variance = jnp.square(centred).mean(-1, keepdims=True)
    return centred * lax.rsqrt(variance + layer.epsilon) * gamma + beta
