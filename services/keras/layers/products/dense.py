"""Dense: ``x @ kernel + bias``."""

import keras
from twinrun.contract.layers import Dense


def idiomatic(layer: Dense, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    return [keras.layers.Dense(layer.units, use_bias=layer.use_bias, dtype=dtype)]
