"""Batch norm by the formula of job.proto, for [batch, ..., channels]."""

import keras
from twinrun.contract.layers import BatchNorm
from twinrun.contract.norms import is_usual_momentum

from services.model import taken


def idiomatic(layer: BatchNorm, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    given = taken.epsilon(layer, "epsilon")
    if not is_usual_momentum(layer):
        given["momentum"] = layer.momentum
    return [keras.layers.BatchNormalization(dtype=dtype, **given)]
