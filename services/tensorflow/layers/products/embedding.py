"""Embedding: each code's row of a table."""

import tensorflow as tf
from twinrun.contract.layers import Embedding

from services.tensorflow.layers.given import Given


def computed(_: Embedding, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    return tf.gather(next(given.trained), x)
