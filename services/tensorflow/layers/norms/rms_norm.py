"""RmsNorm: divides the values of the last axis by their root mean square."""

import tensorflow as tf
from twinrun.contract.layers import RmsNorm

from services.tensorflow.layers.given import Given


def computed(layer: RmsNorm, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    mean = tf.reduce_mean(tf.square(x), -1, keepdims=True)
    return x * tf.math.rsqrt(mean + layer.epsilon) * next(given.trained)
