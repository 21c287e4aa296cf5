"""LastStep: the last position of a sequence."""

import keras
import tensorflow as tf
from twinrun.contract.layers import LastStep

from services.tensorflow.layers.given import Given


class Last(keras.layers.Layer):  # type: ignore[misc] # Keras has no types
    """As users write it: the last position that is not masked."""

    def __init__(self, dtype: str) -> None:
        super().__init__(dtype=dtype)
        self.supports_masking = True

    def call(self, x: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        return _last(x, mask)

    def compute_mask(self, *_: object) -> None:
        """Implement `keras.layers.Layer`: what it returns has no positions."""


def computed(_: LastStep, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    return _last(x, given.counted)


def _last(x: tf.Tensor, counted: tf.Tensor | None) -> tf.Tensor:
    """Return the last of the ``counted`` steps of ``x``; zeros if there is none."""
    if counted is None:
        return x[:, -1]
    is_last = counted & (tf.cumsum(tf.cast(counted, tf.int32), 1, reverse=True) == 1)
    return tf.reduce_sum(tf.where(is_last[..., None], x, 0), 1)


def idiomatic(_: LastStep, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.tensorflow.layers.Kind`."""
    return [Last(dtype=dtype)]
