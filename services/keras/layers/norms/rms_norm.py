"""RmsNorm: divides the values of the last axis by their root mean square."""

import keras
from twinrun.contract.layers import RmsNorm

from services.model import taken


def idiomatic(layer: RmsNorm, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    return [keras.layers.RMSNormalization(dtype=dtype, **taken.epsilon(layer, "epsilon"))]
