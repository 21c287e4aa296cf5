"""GlobalMaxPool1d: the largest value over the positions of a sequence."""

import keras
import tensorflow as tf
from twinrun.contract.layers import GlobalMaxPool1d

from services.tensorflow.layers.given import Given


class Largest(keras.layers.GlobalMaxPooling1D):  # type: ignore[misc] # Keras has no types
    """As users write it: of the positions that are not masked, which Keras's own counts too."""

    def __init__(self, dtype: str) -> None:
        super().__init__(dtype=dtype)
        self.supports_masking = True

    def call(self, x: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        if mask is None:
            return super().call(x)
        found = super().call(tf.where(mask[..., None], x, x.dtype.min))
        return tf.where(tf.reduce_any(mask, 1, keepdims=True), found, 0)

    def compute_mask(self, *_: object) -> None:
        """Implement `keras.layers.Layer`: what it returns has no positions."""


def computed(_: GlobalMaxPool1d, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`: of equal values the first counts."""
    counts = None if given.counted is None else given.counted[..., None]
    largest = tf.argmax(x if counts is None else tf.where(counts, x, x.dtype.min), 1)
    first = tf.one_hot(largest, x.shape[1], on_value=True, off_value=False, axis=1)
    if counts is not None:
        first &= counts  # zeros if there is none
    return tf.reduce_sum(tf.where(first, x, 0), 1)


def idiomatic(_: GlobalMaxPool1d, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.tensorflow.layers.Kind`."""
    return [Largest(dtype=dtype)]
