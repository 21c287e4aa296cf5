"""AveragePool2d: the mean of each channel over each window of an image."""

import keras
from twinrun.contract.layers import AveragePool2d


def idiomatic(layer: AveragePool2d, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    return [keras.layers.AveragePooling2D(layer.size, layer.stride, dtype=dtype)]
