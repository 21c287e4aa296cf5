"""LayerNorm: normalises the values of the last axis by their own mean and variance."""

import keras
from twinrun.contract.layers import LayerNorm

from services.model import taken


def idiomatic(layer: LayerNorm, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    return [keras.layers.LayerNormalization(dtype=dtype, **taken.epsilon(layer, "epsilon"))]
