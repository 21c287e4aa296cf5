"""A layer as users of Keras make it."""

from collections.abc import Sequence
from typing import assert_never

import keras
from twinrun.contract.layers import (
    Activation,
    AveragePool2d,
    BatchNorm,
    Conv2d,
    CustomDense,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool2d,
)

from services.model import layers as shapes
from services.tensorflow import custom


def made(layer: Layer, dtype: str) -> keras.layers.Layer:
    """Of a dtype policy's name; padding by an explicit number of pixels is `padded`'s to add.

    Initial values, and a batch norm's momentum and epsilon, are left to Keras.
    """
    match layer:
        case Flatten():
            return keras.layers.Flatten(dtype=dtype)
        case Dense(units, use_bias=use_bias):
            return keras.layers.Dense(units, use_bias=use_bias, dtype=dtype)
        case CustomDense(units, stddev):
            return custom.CustomDense(units, stddev, dtype=dtype)
        case Activation(function):
            return keras.layers.Activation(function.value, dtype=dtype)
        case Conv2d(filters, size, stride, use_bias=use_bias):
            return keras.layers.Conv2D(filters, size, stride, use_bias=use_bias, dtype=dtype)
        case BatchNorm():
            return keras.layers.BatchNormalization(dtype=dtype)
        case Dropout(rate):
            return keras.layers.Dropout(rate, dtype=dtype)
        case MaxPool2d(size, stride):
            return keras.layers.MaxPooling2D(size, stride, dtype=dtype)
        case AveragePool2d(size, stride):
            return keras.layers.AveragePooling2D(size, stride, dtype=dtype)
        case _:
            assert_never(layer)


def sequential(
    layers: Sequence[Layer], shape: tuple[int, ...], dtype: str
) -> tuple[keras.Sequential, list[keras.layers.Layer]]:
    """A model up to the logits, for samples of ``shape``, and its layer for each of ``layers``."""
    trained = shapes.trained_layers(layers)
    found = [made(layer, dtype) for layer in trained]
    model = [keras.Input(shape)]
    for layer, of_keras in zip(trained, found, strict=True):
        model += [*padded(layer, dtype), of_keras]
    return keras.Sequential(model), found


def padded(layer: Layer, dtype: str) -> list[keras.layers.Layer]:
    """What stands before a layer: Keras's own paddings are none, and as much as keeps the size."""
    if isinstance(layer, Conv2d) and layer.padding:
        return [keras.layers.ZeroPadding2D(layer.padding, dtype=dtype)]
    return []


def held(made: Sequence[keras.layers.Layer], name: str) -> keras.Variable:
    """Of the layers of `sequential` what ``layers.<index>.<part>`` is in canonical weights."""
    _, index, part = name.split(".")
    return getattr(made[int(index)], part)
