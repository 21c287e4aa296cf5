"""LayerNorm: normalises the values of the last axis by their own mean and variance."""

import tensorflow as tf
from twinrun.contract.layers import LayerNorm

from services.tensorflow.layers.given import Given


def computed(layer: LayerNorm, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    gamma, beta = next(given.trained), next(given.trained)
    centred = x - tf.reduce_mean(x, -1, keepdims=True)
    variance = tf.reduce_mean(tf.square(centred), -1, keepdims=True)
    return centred * tf.math.rsqrt(variance + layer.epsilon) * gamma + beta
