"""MaxPool2d: the largest value of each channel in each window of an image."""

import keras
from twinrun.contract.layers import MaxPool2d


def idiomatic(layer: MaxPool2d, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    return [keras.layers.MaxPooling2D(layer.size, layer.stride, dtype=dtype)]
