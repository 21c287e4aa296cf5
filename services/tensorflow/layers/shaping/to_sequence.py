"""ToSequence: an image's pixels, one after the other."""

import tensorflow as tf
from twinrun.contract.layers import ToSequence

from services.tensorflow.layers.given import Given


def computed(_: ToSequence, x: tf.Tensor, __: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    return tf.reshape(x, [-1, x.shape[1] * x.shape[2], x.shape[3]])
