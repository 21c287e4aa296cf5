"""ToSequence: an image's pixels, one after the other."""

import keras
import tensorflow as tf
from twinrun.contract.layers import ToSequence

from services.tensorflow.layers.given import Given


def computed(_: ToSequence, x: tf.Tensor, __: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    return tf.reshape(x, [-1, x.shape[1] * x.shape[2], x.shape[3]])


class Pixels(keras.layers.Layer):  # type: ignore[misc] # Keras has no types
    """As users write it: one position for each pixel."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return keras.ops.reshape(x, (-1, x.shape[1] * x.shape[2], x.shape[3]))


def idiomatic(_: ToSequence, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.tensorflow.layers.Kind`."""
    return [Pixels(dtype=dtype)]
