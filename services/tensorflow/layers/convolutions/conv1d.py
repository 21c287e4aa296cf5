"""Conv1d: a kernel [size, in / groups, filters] on each window of sequences [batch, time, in]."""

import tensorflow as tf
from twinrun.contract.layers import Conv1d

from services.model.layers.window import along
from services.tensorflow.layers.convolutions.conv2d import grouped, spread
from services.tensorflow.layers.given import Given


def computed(layer: Conv1d, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    kernel, bias = next(given.trained), next(given.trained) if layer.use_bias else None
    axis = along(layer, x.shape[1])
    x = tf.cast(tf.pad(x, [[0, 0], [axis.before, axis.after], [0, 0]]), given.products)
    # As `tf.nn.conv1d`: of images of one row.
    laid = spread(tf.cast(kernel, given.products)[None], (1, layer.dilation))
    product = grouped(layer, x[:, None], laid, strides=(axis.stride,) * 2, padding="VALID")
    product = tf.cast(product[:, 0], kernel.dtype)
    return product if bias is None else tf.nn.bias_add(product, bias)
