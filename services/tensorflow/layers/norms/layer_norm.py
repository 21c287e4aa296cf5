"""LayerNorm: normalises the values of the last axis by their own mean and variance."""

import keras
import tensorflow as tf
from twinrun.contract.layers import LayerNorm

from services.model import taken
from services.tensorflow.layers.given import Given


def computed(layer: LayerNorm, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    gamma, beta = next(given.trained), next(given.trained)
    centred = x - tf.reduce_mean(x, -1, keepdims=True)
    variance = tf.reduce_mean(tf.square(centred), -1, keepdims=True)
    return centred * tf.math.rsqrt(variance + layer.epsilon) * gamma + beta


def idiomatic(layer: LayerNorm, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.tensorflow.layers.Kind`."""
    return [keras.layers.LayerNormalization(dtype=dtype, **taken.epsilon(layer, "epsilon"))]
