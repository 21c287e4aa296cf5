"""RmsNorm: divides the values of the last axis by their root mean square."""

import jax
import jax.numpy as jnp
from jax import lax
from twinrun.contract.layers import RmsNorm

from services.jax.layers.given import Given


def computed(layer: RmsNorm, x: jax.Array, given: Given) -> jax.Array:
    """Implement `services.jax.layers.Kind`."""
    mean = jnp.square(x).mean(-1, keepdims=True)
    return x * lax.rsqrt(mean + layer.epsilon) * next(given.trained)
