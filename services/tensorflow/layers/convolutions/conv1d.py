"""Conv1d: a kernel [size, in, filters] on each window of sequences [batch, time, in]."""

import keras
import tensorflow as tf
from twinrun.contract.layers import Conv1d

from services.model.layers.window import along
from services.tensorflow.layers.given import Given


def computed(layer: Conv1d, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    kernel, bias = next(given.trained), next(given.trained) if layer.use_bias else None
    axis = along(layer, x.shape[1])
    x = tf.cast(tf.pad(x, [[0, 0], [axis.before, axis.after], [0, 0]]), given.products)
    product = tf.nn.conv1d(x, tf.cast(kernel, given.products), axis.stride, "VALID")
    product = tf.cast(product, kernel.dtype)
    return product if bias is None else tf.nn.bias_add(product, bias)


def idiomatic(layer: Conv1d, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.tensorflow.layers.Kind`; other padding is a layer before it."""
    zeros = layer.padding_1d or (layer.padding,) * 2
    padded = [keras.layers.ZeroPadding1D(zeros, dtype=dtype)] if any(zeros) else []
    made = keras.layers.Conv1D(
        layer.filters,
        layer.size,
        layer.stride,
        padding="same" if layer.same else "valid",
        use_bias=layer.use_bias,
        dtype=dtype,
    )
    return [*padded, made]
