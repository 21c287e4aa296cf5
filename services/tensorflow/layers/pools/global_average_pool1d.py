"""GlobalAveragePool1d: the mean over the positions of a sequence."""

import keras
import tensorflow as tf
from twinrun.contract.layers import GlobalAveragePool1d

from services.tensorflow.layers.given import Given


def computed(_: GlobalAveragePool1d, x: tf.Tensor, __: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    return tf.reduce_mean(x, 1)


def idiomatic(_: GlobalAveragePool1d, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.tensorflow.layers.Kind`."""
    return [keras.layers.GlobalAveragePooling1D(dtype=dtype)]
