"""GlobalMaxPool1d: the largest value over the positions of a sequence."""

import keras
import tensorflow as tf
from twinrun.contract.layers import GlobalMaxPool1d

from services.tensorflow.layers.given import Given


def computed(_: GlobalMaxPool1d, x: tf.Tensor, __: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`: of equal values the first counts."""
    largest = tf.argmax(x, 1)
    first = tf.one_hot(largest, x.shape[1], on_value=True, off_value=False, axis=1)
    return tf.reduce_sum(tf.where(first, x, 0), 1)


def idiomatic(_: GlobalMaxPool1d, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.tensorflow.layers.Kind`."""
    return [keras.layers.GlobalMaxPooling1D(dtype=dtype)]
