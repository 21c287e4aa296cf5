"""Clipping of gradients, by the formulas of job.proto."""

import functools
import operator
from collections.abc import Sequence
from typing import assert_never

import jax
import jax.numpy as jnp
from twinrun.contract.regularization import Clip, ClipByGlobalNorm, ClipByNorm, ClipByValue


def clipped(clip: Clip | None, gradients: Sequence[jax.Array]) -> Sequence[jax.Array]:
    """Return the gradients after clipping."""
    if clip is None:
        return gradients
    match clip.kind:
        case ClipByValue(limit):
            return [jnp.clip(g, -limit, limit) for g in gradients]
        case ClipByNorm(limit):
            return [g * _factor(_square(g), limit) for g in gradients]
        case ClipByGlobalNorm(limit):
            factor = _factor(functools.reduce(operator.add, map(_square, gradients)), limit)
            return [g * factor for g in gradients]
        case _:
            assert_never(clip.kind)


def _square(array: jax.Array) -> jax.Array:
    return (array * array).sum()


def _factor(square: jax.Array, limit: float) -> jax.Array:
    """Return exactly 1 if the norm, of which this is the square, is at most the limit."""
    return limit / jnp.maximum(jnp.sqrt(square), limit)
