"""Conv2dTranspose: a kernel [h, w, filters, in] that spreads each pixel of [batch, h, w, in]."""

import tensorflow as tf
from twinrun.contract.layers import Conv2dTranspose

from services.model.layers.window import Axis, transposed
from services.tensorflow.layers.given import Given


def computed(layer: Conv2dTranspose, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    kernel, bias = next(given.trained), next(given.trained) if layer.use_bias else None
    axes, sides = transposed(layer), tuple(x.shape[1:3])
    padding = "SAME" if layer.same else "VALID"
    # All that the kernel reaches, and what is wanted beyond it; cut off below.
    whole = [
        axis.spread(side) + (0 if layer.same else axis.before + max(axis.after, 0))
        for axis, side in zip(axes, sides, strict=True)
    ]
    product = tf.nn.conv2d_transpose(
        tf.cast(x, given.products),
        tf.cast(kernel, given.products),
        (tf.shape(x)[0], *whole, layer.filters),
        [axis.stride for axis in axes],
        padding,
    )
    if not layer.same:
        rows, columns = map(_kept, axes, sides)
        product = product[:, rows, columns]
    product = tf.cast(product, kernel.dtype)
    return product if bias is None else tf.nn.bias_add(product, bias)


def _kept(axis: Axis, side: int) -> slice:
    return slice(axis.before, axis.before + axis.spread(side))
