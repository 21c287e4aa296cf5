"""SpatialDropout2d: in training, channels become 0 as drawn by NumPy."""

import keras
from twinrun.contract.layers import SpatialDropout2d

from services.tensorflow.layers.elementwise import dropout

computed = dropout.computed  # whose mask has one row and one column


def idiomatic(layer: SpatialDropout2d, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.tensorflow.layers.Kind`."""
    return [keras.layers.SpatialDropout2D(layer.rate, dtype=dtype)]
