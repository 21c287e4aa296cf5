"""GlobalMaxPool2d: the largest value of each channel of an image."""

import keras
from twinrun.contract.layers import GlobalMaxPool2d


def idiomatic(_: GlobalMaxPool2d, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    return [keras.layers.GlobalMaxPooling2D(dtype=dtype)]
