"""ZeroPadding2d: zeros around an image."""

import jax
import jax.numpy as jnp
from twinrun.contract.layers import ZeroPadding2d

from services.jax.layers.given import Given
from services.model.layers.window import sides


def computed(layer: ZeroPadding2d, x: jax.Array, _: Given) -> jax.Array:
    """Implement `services.jax.layers.Kind`."""
    above, below, left, right = sides(layer)
    return jnp.pad(x, ((0, 0), (above, below), (left, right), (0, 0)))
