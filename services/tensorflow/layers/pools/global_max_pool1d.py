"""GlobalMaxPool1d: the largest value over the positions of a sequence."""

import tensorflow as tf
from twinrun.contract.layers import GlobalMaxPool1d

from services.tensorflow.layers.given import Given


def computed(_: GlobalMaxPool1d, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`: of equal values the first counts."""
    counts = None if given.counted is None else given.counted[..., None]
    largest = tf.argmax(x if counts is None else tf.where(counts, x, x.dtype.min), 1)
    first = tf.one_hot(largest, x.shape[1], on_value=True, off_value=False, axis=1)
    if counts is not None:
        first &= counts  # zeros if there is none
    return tf.reduce_sum(tf.where(first, x, 0), 1)
