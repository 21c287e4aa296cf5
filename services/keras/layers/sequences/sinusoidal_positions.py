"""SinusoidalPositions: sines and cosines of the position are added."""

import keras
from twinrun.contract.layers import SinusoidalPositions

from services.model.waves import table


def _added(x: keras.KerasTensor) -> keras.KerasTensor:
    time, width = x.shape[1:]
    return x + keras.ops.cast(table(time, width), x.dtype)


def idiomatic(_: SinusoidalPositions, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    return [keras.layers.Lambda(_added, mask=lambda _, mask: mask, dtype=dtype)]
