"""Lstm: a loop over positions; the products with the input are one."""

import keras
from twinrun.contract.layers import Lstm


def idiomatic(layer: Lstm, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    return [keras.layers.LSTM(layer.units, return_sequences=True, dtype=dtype)]
