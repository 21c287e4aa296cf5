"""A loop over the positions of a sequence."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

from services.jax.layers.given import Given

States = tuple[jax.Array, ...]
# What a position takes, and the states [batch, units] before it, become those after it.
Step = Callable[..., States]


def outputs(taken: jax.Array, step: Step, states: int, units: int, given: Given) -> jax.Array:
    """Return the first state after each position of ``taken``, [batch, time, units].

    The ``states`` are 0 at first, and stay as they are where a position is padding.
    """
    start = (jnp.zeros((len(taken), units), taken.dtype),) * states
    counts = None if given.counted is None else given.counted.T[..., None]

    def one(before: States, at: tuple[jax.Array, jax.Array | None]) -> tuple[States, jax.Array]:
        position, counts = at
        after = step(position, *before)
        if counts is not None:
            after = tuple(jnp.where(counts, *pair) for pair in zip(after, before, strict=True))
        return after, after[0]

    _, made = lax.scan(one, start, (taken.swapaxes(0, 1), counts))
    return made.swapaxes(0, 1)
