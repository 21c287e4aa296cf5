"""GlobalMaxPool1d: the largest value over the positions of a sequence."""

import jax
import jax.numpy as jnp
from twinrun.contract.layers import GlobalMaxPool1d

from services.jax.layers.given import Given


def computed(_: GlobalMaxPool1d, x: jax.Array, given: Given) -> jax.Array:
    """Implement `services.jax.layers.Kind`."""
    return largest(x, None if given.counted is None else given.counted[..., None])


def largest(x: jax.Array, counts: jax.Array | None) -> jax.Array:
    """Return the largest of ``x`` [batch, time, channels] in time: of equal values the first.

    Of those that ``counts`` is True for; zeros if there is none.
    """
    found = jnp.argmax(x if counts is None else jnp.where(counts, x, -jnp.inf), 1, keepdims=True)
    first = found == jnp.arange(x.shape[1])[:, None]
    if counts is not None:
        first &= counts
    return jnp.where(first, x, 0).sum(1)
