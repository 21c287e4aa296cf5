"""Dropout: in training, values become 0 as drawn by NumPy."""

from typing import assert_never

import jax
from twinrun.contract.layers import Dropout, SpatialDropout2d

from services.jax.layers.given import Evaluating, Given, Training
from services.model.dropout import scale


def computed(layer: Dropout | SpatialDropout2d, x: jax.Array, given: Given) -> jax.Array:
    """Implement `services.jax.layers.Kind`."""
    match given:
        case Training():
            return x * (next(given.drawn).astype(x.dtype) * scale(layer.rate))
        case Evaluating():
            return x
        case _:
            assert_never(given)
