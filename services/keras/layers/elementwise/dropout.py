"""Dropout: in training, values become 0 as drawn by NumPy."""

import keras
from twinrun.contract.layers import Dropout


def idiomatic(layer: Dropout, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    return [keras.layers.Dropout(layer.rate, dtype=dtype)]
