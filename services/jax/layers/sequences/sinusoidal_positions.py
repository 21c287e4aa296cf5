"""SinusoidalPositions: sines and cosines of the position are added."""

import jax
import jax.numpy as jnp
from twinrun.contract.layers import SinusoidalPositions

from services.jax.layers.given import Given
from services.model.waves import table


def computed(_: SinusoidalPositions, x: jax.Array, __: Given) -> jax.Array:
    """Implement `services.jax.layers.Kind`."""
    time, width = x.shape[1:]
    return x + jnp.asarray(table(time, width), x.dtype)
