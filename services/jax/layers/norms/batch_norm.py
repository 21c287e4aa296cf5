"""Batch norm by the formula of job.proto, for [batch, ..., channels]."""

from collections.abc import Sequence
from typing import assert_never

import jax
import jax.numpy as jnp
from jax import lax
from twinrun.contract.layers import BatchNorm, Layer
from twinrun.contract.nesting import leaves

from services.jax.layers.given import Evaluating, Given, Training


def computed(layer: BatchNorm, x: jax.Array, given: Given) -> jax.Array:
    """Implement `services.jax.layers.Kind`."""
    gamma, beta = next(given.trained), next(given.trained)
    match given:
        case Training():
            mean = _mean(x)
            centred = x - mean
            variance = _mean(jnp.square(centred))
            given.statistics.extend((mean, variance))
        case Evaluating():
            mean, variance = next(given.kept), next(given.kept)
            centred = x - mean
        case _:
            assert_never(given)
    return centred * lax.rsqrt(variance + layer.epsilon) * gamma + beta


def moved(
    layers: Sequence[Layer], kept: Sequence[jax.Array], statistics: Sequence[jax.Array]
) -> list[jax.Array]:
    """Return the ``kept`` statistics of all ``layers``, moved towards a batch's ``statistics``."""
    norms = [layer for layer in leaves(layers) if isinstance(layer, BatchNorm)]
    momenta = [norm.momentum for norm in norms for _ in range(2)]
    return [
        momentum * moving + (1 - momentum) * batch
        for moving, batch, momentum in zip(kept, statistics, momenta, strict=True)
    ]


def _mean(x: jax.Array) -> jax.Array:
    """Return the mean of each channel; of several positions in two stages.

    A long sum that adds one value after the other makes the same rounding error again and again if
    values are alike, as in an image's background; this cost float64 three digits.
    """
    of_samples = x.mean(tuple(range(1, x.ndim - 1))) if x.ndim > 2 else x
    return of_samples.mean(0)
