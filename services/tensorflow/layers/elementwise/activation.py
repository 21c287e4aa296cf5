"""Activation: a function of each value."""

import math
from collections.abc import Callable, Mapping

import tensorflow as tf
from twinrun.contract.enums import ActivationFunction
from twinrun.contract.layers import Activation

from services.model.kinds import complete
from services.tensorflow.layers.given import Given


def _gelu(x: tf.Tensor) -> tf.Tensor:
    """Compute gelu exactly; `tf.nn.gelu` takes the root of 2 in float32, also for float64."""
    root = tf.constant(math.sqrt(2), x.dtype)
    return 0.5 * x * (1 + tf.math.erf(x / root))


def _gelu_tanh(x: tf.Tensor) -> tf.Tensor:
    """Compute gelu's form with tanh; `tf.nn.gelu` takes its factors in float32, as above."""
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
    return 0.5 * x * (1 + tf.math.tanh(inner))


def _leaky_relu(x: tf.Tensor, slope: float) -> tf.Tensor:
    """Compute a leaky ReLU; the kernel of `tf.nn.leaky_relu` takes the slope in float32."""
    return tf.where(x > 0, x, slope * x)


_FUNCTIONS: Mapping[ActivationFunction, Callable[..., tf.Tensor]] = complete(
    "services/tensorflow/layers/elementwise/activation.py",
    ActivationFunction,
    {
        ActivationFunction.RELU: tf.nn.relu,
        ActivationFunction.TANH: tf.math.tanh,
        ActivationFunction.SIGMOID: tf.math.sigmoid,
        ActivationFunction.GELU: _gelu,
        ActivationFunction.SOFTMAX: tf.nn.softmax,  # over the last axis
        ActivationFunction.LEAKY_RELU: _leaky_relu,
        ActivationFunction.ELU: tf.nn.elu,
        ActivationFunction.SELU: tf.nn.selu,
        ActivationFunction.SILU: tf.nn.silu,
        ActivationFunction.SOFTPLUS: tf.math.softplus,
        ActivationFunction.GELU_TANH: _gelu_tanh,
    },
)


def computed(layer: Activation, x: tf.Tensor, _: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    function = _FUNCTIONS[layer.function]
    return function(x) if layer.slope is None else function(x, layer.slope)
