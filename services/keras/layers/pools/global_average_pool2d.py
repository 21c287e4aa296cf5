"""GlobalAveragePool2d: the mean of each channel of an image."""

import keras
from twinrun.contract.layers import GlobalAveragePool2d


def idiomatic(_: GlobalAveragePool2d, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    return [keras.layers.GlobalAveragePooling2D(dtype=dtype)]
