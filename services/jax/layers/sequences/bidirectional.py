"""Bidirectional: two recurrent layers, one of which reads the sequence from its end."""

from dataclasses import replace
from typing import assert_never

import jax
import jax.numpy as jnp
from twinrun.contract.layers import Bidirectional, Gru, Lstm

from services.jax.layers.given import Given
from services.jax.layers.sequences import gru, lstm


def computed(layer: Bidirectional, x: jax.Array, given: Given) -> jax.Array:
    """Implement `services.jax.layers.Kind`."""
    ahead = _one_way(layer.kind, x, given)
    if given.counted is not None:
        given = replace(given, counted=given.counted[:, ::-1])
    back = _one_way(layer.kind, x[:, ::-1], given)[:, ::-1]
    return jnp.concatenate([ahead, back], -1)


def _one_way(kind: Lstm | Gru, x: jax.Array, given: Given) -> jax.Array:
    match kind:
        case Lstm():
            return lstm.computed(kind, x, given)
        case Gru():
            return gru.computed(kind, x, given)
        case _:
            assert_never(kind)
