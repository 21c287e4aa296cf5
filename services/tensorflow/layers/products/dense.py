"""Dense: ``x @ kernel + bias``."""

import functools

import tensorflow as tf
from twinrun.contract.layers import Dense

from services.tensorflow.layers.given import Given


def computed(layer: Dense, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    kernel, bias = next(given.trained), next(given.trained) if layer.use_bias else None
    # Of a sequence, a product for each sample would have a gradient for each of them.
    multiplied = tf.matmul if x.shape.rank == 2 else functools.partial(tf.tensordot, axes=1)
    product = multiplied(tf.cast(x, given.products), tf.cast(kernel, given.products))
    product = tf.cast(product, kernel.dtype)
    return product if bias is None else tf.nn.bias_add(product, bias)
