"""LastStep: the last position of a sequence."""

import tensorflow as tf
from twinrun.contract.layers import LastStep

from services.tensorflow.layers.given import Given


def computed(_: LastStep, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    return _last(x, given.counted)


def _last(x: tf.Tensor, counted: tf.Tensor | None) -> tf.Tensor:
    """Return the last of the ``counted`` steps of ``x``; zeros if there is none."""
    if counted is None:
        return x[:, -1]
    is_last = counted & (tf.cumsum(tf.cast(counted, tf.int32), 1, reverse=True) == 1)
    return tf.reduce_sum(tf.where(is_last[..., None], x, 0), 1)
