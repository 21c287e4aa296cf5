"""PositionEmbedding: each position's row of a table is added."""

import jax
from twinrun.contract.layers import PositionEmbedding

from services.jax.layers.given import Given


def computed(_: PositionEmbedding, x: jax.Array, given: Given) -> jax.Array:
    """Implement `services.jax.layers.Kind`."""
    return x + next(given.trained)
