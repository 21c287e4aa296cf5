"""GlobalAveragePool1d: the mean over the positions of a sequence."""

import jax
import jax.numpy as jnp
from twinrun.contract.layers import GlobalAveragePool1d

from services.jax.layers.given import Given


def computed(_: GlobalAveragePool1d, x: jax.Array, given: Given) -> jax.Array:
    """Implement `services.jax.layers.Kind`."""
    if given.counted is None:
        return x.mean(1)
    steps = given.counted.astype(x.dtype).sum(1, keepdims=True)
    found = jnp.where(given.counted[..., None], x, 0).sum(1)
    return found / jnp.maximum(steps, 1)  # zeros if there is none
