"""Gru: a loop over positions; the products with the input are one."""

import tensorflow as tf
from twinrun.contract.layers import Gru

from services.tensorflow.layers.given import Given
from services.tensorflow.layers.sequences.loop import outputs, product


def computed(layer: Gru, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    kernel, recurrent, bias = (next(given.trained) for _ in range(3))
    products, own = given.products, kernel.dtype
    taken = product(x, kernel, products) + bias
    recurrent = tf.cast(recurrent, products)

    def by(h: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        return tf.cast(tf.matmul(tf.cast(h, products), kernel), own)

    if layer.reset_after:
        recurrent_bias = next(given.trained)

        def after(taken: tf.Tensor, h: tf.Tensor) -> tuple[tf.Tensor]:
            r, z, n = tf.split(taken, 3, axis=1)
            r_by_h, z_by_h, n_by_h = tf.split(by(h, recurrent) + recurrent_bias, 3, axis=1)
            r, z = tf.sigmoid(r + r_by_h), tf.sigmoid(z + z_by_h)
            return ((1 - z) * tf.tanh(n + r * n_by_h) + z * h,)

        return outputs(taken, after, 1, layer.units, given)
    of_gates, of_new = tf.split(recurrent, [2 * layer.units, layer.units], axis=1)

    def before(taken: tf.Tensor, h: tf.Tensor) -> tuple[tf.Tensor]:
        gates, n = tf.split(taken, [2 * layer.units, layer.units], axis=1)
        r, z = tf.split(tf.sigmoid(gates + by(h, of_gates)), 2, axis=1)
        return ((1 - z) * tf.tanh(n + by(r * h, of_new)) + z * h,)

    return outputs(taken, before, 1, layer.units, given)
