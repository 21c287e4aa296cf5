"""UpSampling2d: an image of several times the height and width."""

import keras
from twinrun.contract.layers import UpSampling2d


def idiomatic(layer: UpSampling2d, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    how = layer.interpolation.value
    return [keras.layers.UpSampling2D(layer.factor, interpolation=how, dtype=dtype)]
