"""Activation: a function of each value."""

import math

import keras
import tensorflow as tf
from twinrun.contract.enums import ActivationFunction
from twinrun.contract.layers import Activation

from services.model.kinds import complete
from services.tensorflow.layers.given import Given


def _gelu(x: tf.Tensor) -> tf.Tensor:
    """Compute gelu exactly; `tf.nn.gelu` takes the root of 2 in float32, also for float64."""
    root = tf.constant(math.sqrt(2), x.dtype)
    return 0.5 * x * (1 + tf.math.erf(x / root))


# Softmax can only be last, and belongs to the loss.
_FUNCTIONS = complete(
    "services/tensorflow/layers/elementwise/activation.py",
    set(ActivationFunction) - {ActivationFunction.SOFTMAX},
    {
        ActivationFunction.RELU: tf.nn.relu,
        ActivationFunction.TANH: tf.math.tanh,
        ActivationFunction.SIGMOID: tf.math.sigmoid,
        ActivationFunction.GELU: _gelu,
    },
)


def computed(layer: Activation, x: tf.Tensor, _: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    return _FUNCTIONS[layer.function](x)


def idiomatic(layer: Activation, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.tensorflow.layers.Kind`: Keras's functions have the spec's names."""
    return [keras.layers.Activation(layer.function.value, dtype=dtype)]
