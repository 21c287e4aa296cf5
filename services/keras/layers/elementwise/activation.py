"""Activation: a function of each value."""

import functools
from collections.abc import Callable

import keras
from twinrun.contract.enums import ActivationFunction
from twinrun.contract.layers import Activation


def idiomatic(layer: Activation, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`: most of Keras's functions have our names."""
    if layer.slope is not None:
        return [keras.layers.LeakyReLU(layer.slope, dtype=dtype)]
    function: str | Callable[..., keras.KerasTensor] = layer.function.value
    if layer.function is ActivationFunction.GELU_TANH:
        function = functools.partial(keras.activations.gelu, approximate=True)
    return [keras.layers.Activation(function, dtype=dtype)]
