"""GlobalAveragePool1d: the mean over the positions of a sequence."""

import tensorflow as tf
from twinrun.contract.layers import GlobalAveragePool1d

from services.tensorflow.layers.given import Given


def computed(_: GlobalAveragePool1d, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    if given.counted is None:
        return tf.reduce_mean(x, 1)
    steps = tf.reduce_sum(tf.cast(given.counted, x.dtype), 1, keepdims=True)
    found = tf.reduce_sum(tf.where(given.counted[..., None], x, 0), 1)
    return found / tf.maximum(steps, 1)  # zeros if there is none
