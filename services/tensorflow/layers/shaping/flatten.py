"""Flatten: all values of a sample in one row, in the order [h, w, c]."""

import tensorflow as tf
from twinrun.contract.layers import Flatten

from services.tensorflow.layers.given import Given


def computed(_: Flatten, x: tf.Tensor, __: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    return tf.reshape(x, (-1, x.shape[1:].num_elements()))
