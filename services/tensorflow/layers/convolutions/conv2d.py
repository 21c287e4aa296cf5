"""Conv2d: a kernel [h, w, in / groups, filters] on each window of images [batch, h, w, in]."""

import tensorflow as tf
from twinrun.contract.layers import Conv1d, Conv2d

from services.model.layers.window import Axis, axes
from services.tensorflow.layers.given import Given


def computed(layer: Conv2d, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    kernel, bias = next(given.trained), next(given.trained) if layer.use_bias else None
    down, across = axes(layer, tuple(x.shape[1:]))
    # Never use conv2d's explicit padding: it took twice as long, even with zero pixels.
    padding = "VALID"
    if layer.same or (_equal(down) and _equal(across)):
        padding = "SAME"
    elif any((down.before, down.after, across.before, across.after)):
        x = tf.pad(x, [[0, 0], [down.before, down.after], [across.before, across.after], [0, 0]])
    x, laid = tf.cast(x, given.products), tf.cast(kernel, given.products)
    laid = spread(laid, (layer.dilation, layer.dilation))
    product = grouped(layer, x, laid, strides=(down.stride, across.stride), padding=padding)
    product = tf.cast(product, kernel.dtype)
    return product if bias is None else tf.nn.bias_add(product, bias)


def _equal(axis: Axis) -> bool:
    """Return whether TensorFlow's padding, which keeps the size, is the axis's: on both sides."""
    return axis.stride == 1 and axis.before == axis.after and axis.reach == 2 * axis.before + 1


def spread(kernel: tf.Tensor, dilation: tuple[int, int]) -> tf.Tensor:
    """Put zeros between a kernel's values: kernels for a CPU have no gradient with a dilation."""
    down, across = dilation
    if down == across == 1:
        return kernel
    height, width, *others = kernel.shape
    between = [[0, 0], [0, down - 1], [0, 0], [0, across - 1], [0, 0], [0, 0]]
    apart = tf.pad(kernel[:, None, :, None], between)
    whole = tf.reshape(apart, [height * down, width * across, *others])
    return whole[: (height - 1) * down + 1, : (width - 1) * across + 1]


def grouped(
    layer: Conv1d | Conv2d,
    x: tf.Tensor,
    kernel: tf.Tensor,
    *,
    strides: tuple[int, int],
    padding: str,
) -> tf.Tensor:
    """Convolve each group of channels: kernels for a CPU have no gradient of several groups."""
    if layer.groups == 1:
        return tf.nn.conv2d(x, kernel, strides, padding)
    channels, down = x.shape[-1], strides[0]
    if layer.groups == channels and strides == (down, down):
        height, width = kernel.shape[:2]
        laid = tf.reshape(kernel, [height, width, channels, layer.filters // channels])
        return tf.nn.depthwise_conv2d(x, laid, [1, down, down, 1], padding)
    parts = zip(tf.split(x, layer.groups, -1), tf.split(kernel, layer.groups, -1), strict=True)
    return tf.concat([tf.nn.conv2d(x, kernel, strides, padding) for x, kernel in parts], -1)
