"""Conv2d: a kernel [size, size, in, filters] applied to each window of images [batch, h, w, in]."""

import keras
import tensorflow as tf
from twinrun.contract.layers import Conv2d

from services.tensorflow.layers.given import Given


def computed(layer: Conv2d, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    kernel, bias = next(given.trained), next(given.trained) if layer.use_bias else None
    # Never use conv2d's explicit padding: it took twice as long, even with zero pixels.
    padding = "VALID"
    if layer.stride == 1 and layer.size == 2 * layer.padding + 1:
        padding = "SAME"  # which pads equally on all sides here
    elif layer.padding:
        x = tf.pad(x, [[0, 0], [layer.padding] * 2, [layer.padding] * 2, [0, 0]])
    x, laid = tf.cast(x, given.products), tf.cast(kernel, given.products)
    product = tf.cast(tf.nn.conv2d(x, laid, layer.stride, padding), kernel.dtype)
    return product if bias is None else tf.nn.bias_add(product, bias)


def idiomatic(layer: Conv2d, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.tensorflow.layers.Kind`.

    Keras only pads by nothing or to keep the size, so any other padding is a layer before it.
    """
    padded = [keras.layers.ZeroPadding2D(layer.padding, dtype=dtype)] if layer.padding else []
    window = layer.size, layer.stride
    made = keras.layers.Conv2D(layer.filters, *window, use_bias=layer.use_bias, dtype=dtype)
    return [*padded, made]
