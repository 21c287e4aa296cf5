"""SpatialDropout2d: in training, channels become 0 as drawn by NumPy."""

import keras
from twinrun.contract.layers import SpatialDropout2d


def idiomatic(layer: SpatialDropout2d, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    return [keras.layers.SpatialDropout2D(layer.rate, dtype=dtype)]
