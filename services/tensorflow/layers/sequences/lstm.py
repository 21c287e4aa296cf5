"""Lstm: a loop over positions; the products with the input are one."""

import tensorflow as tf
from twinrun.contract.layers import Lstm

from services.tensorflow.layers.given import Given
from services.tensorflow.layers.sequences.loop import outputs, product


def computed(layer: Lstm, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    kernel, recurrent, bias = (next(given.trained) for _ in range(3))
    products, own = given.products, kernel.dtype
    recurrent = tf.cast(recurrent, products)

    def step(taken: tf.Tensor, h: tf.Tensor, c: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        by_h = tf.cast(tf.matmul(tf.cast(h, products), recurrent), own)
        i, f, g, o = tf.split(taken + by_h, 4, axis=1)
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        return tf.sigmoid(o) * tf.tanh(c), c

    return outputs(product(x, kernel, products) + bias, step, 2, layer.units, given)
