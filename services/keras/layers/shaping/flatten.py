"""Flatten: all values of a sample in one row, in the order [h, w, c]."""

import keras
from twinrun.contract.layers import Flatten


def idiomatic(_: Flatten, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    return [keras.layers.Flatten(dtype=dtype)]
