"""The numbers that Keras's layers have by default."""

import inspect

import keras
from twinrun.contract.layers import BatchNorm, GroupNorm, LayerNorm, RmsNorm
from twinrun.contract.norms import Norm


def default(kind: type[keras.layers.Layer], name: str) -> float:
    """Return the default of an argument."""
    return float(inspect.signature(kind).parameters[name].default)


def epsilon(layer: Norm) -> float:
    """Return the default of Keras's layer."""
    layers: dict[type, type[keras.layers.Layer]] = {
        BatchNorm: keras.layers.BatchNormalization,
        LayerNorm: keras.layers.LayerNormalization,
        GroupNorm: keras.layers.GroupNormalization,
        RmsNorm: keras.layers.RMSNormalization,
    }
    return default(layers[type(layer)], "epsilon")


def number(layer: Norm, field: str) -> float:
    """Return Keras's own of a norm's ``field``, epsilon or momentum."""
    if field == "momentum":
        return default(keras.layers.BatchNormalization, field)
    return epsilon(layer)
