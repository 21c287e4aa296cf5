"""Bidirectional: two recurrent layers, one of which reads the sequence from its end."""

from typing import assert_never

import keras
from twinrun.contract.layers import Bidirectional, Gru, Lstm

from services.keras.layers.sequences import gru, lstm


def idiomatic(layer: Bidirectional, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    match layer.kind:
        case Lstm():
            (made,) = lstm.idiomatic(layer.kind, dtype)
        case Gru():
            (made,) = gru.idiomatic(layer.kind, dtype)
        case _:
            assert_never(layer.kind)
    return [keras.layers.Bidirectional(made, dtype=dtype)]
