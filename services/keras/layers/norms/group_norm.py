"""GroupNorm: normalises groups of an image's channels by their own mean and variance."""

import keras
from twinrun.contract.layers import GroupNorm

from services.model import taken


def idiomatic(layer: GroupNorm, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    return [
        keras.layers.GroupNormalization(
            layer.groups, dtype=dtype, **taken.epsilon(layer, "epsilon")
        )
    ]
