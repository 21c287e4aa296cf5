"""GlobalAveragePool2d: the mean of each channel of an image."""

import tensorflow as tf
from twinrun.contract.layers import GlobalAveragePool2d

from services.tensorflow.layers.given import Given


def computed(_: GlobalAveragePool2d, x: tf.Tensor, __: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    return tf.reduce_mean(x, [1, 2])
