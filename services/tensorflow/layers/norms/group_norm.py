"""GroupNorm: normalises groups of an image's channels by their own mean and variance."""

import tensorflow as tf
from twinrun.contract.layers import GroupNorm

from services.tensorflow.layers.given import Given


def computed(layer: GroupNorm, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    gamma, beta = next(given.trained), next(given.trained)
    _, height, width, channels = x.shape
    grouped = tf.reshape(x, [-1, height, width, layer.groups, channels // layer.groups])
    centred = grouped - _mean(grouped)
    normalised = centred * tf.math.rsqrt(_mean(tf.square(centred)) + layer.epsilon)
    return tf.reshape(normalised, [-1, height, width, channels]) * gamma + beta


def _mean(grouped: tf.Tensor) -> tf.Tensor:
    """Return the mean of each group; in two stages, as that of `batch_norm`."""
    return tf.reduce_mean(tf.reduce_mean(grouped, [2, 4], keepdims=True), 1, keepdims=True)
