"""ZeroPadding2d: zeros around an image."""

import keras
from twinrun.contract.layers import ZeroPadding2d

from services.model.layers.window import sides


def idiomatic(layer: ZeroPadding2d, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    above, below, left, right = sides(layer)
    return [keras.layers.ZeroPadding2D(((above, below), (left, right)), dtype=dtype)]
