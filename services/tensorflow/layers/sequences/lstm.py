"""Lstm: a loop over positions; the products with the input are one."""

import keras
import tensorflow as tf
from twinrun.contract.layers import Lstm

from services.tensorflow.layers.given import Given


def computed(layer: Lstm, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    kernel, recurrent, bias = (next(given.trained) for _ in range(3))
    products, own = given.products, kernel.dtype
    taken = tf.cast(tf.tensordot(tf.cast(x, products), tf.cast(kernel, products), 1), own) + bias
    recurrent = tf.cast(recurrent, products)
    time = taken.shape[1]
    # A slice's gradient would be as large as all positions, at each of them.
    given_at = tf.TensorArray(own, time).unstack(tf.transpose(taken, [1, 0, 2]))
    start = tf.zeros([tf.shape(x)[0], layer.units], own)

    def step(
        t: tf.Tensor, h: tf.Tensor, c: tf.Tensor, outputs: tf.TensorArray
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.TensorArray]:
        product = tf.cast(tf.matmul(tf.cast(h, products), recurrent), own)
        i, f, g, o = tf.split(given_at.read(t) + product, 4, axis=1)
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        h = tf.sigmoid(o) * tf.tanh(c)
        return t + 1, h, c, outputs.write(t, h)

    outputs = tf.TensorArray(own, time, element_shape=[None, layer.units])
    begin = tf.constant(0), start, start, outputs
    *_, outputs = tf.while_loop(lambda t, *_: t < time, step, begin, maximum_iterations=time)
    return tf.transpose(outputs.stack(), [1, 0, 2])


def idiomatic(layer: Lstm, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.tensorflow.layers.Kind`."""
    return [keras.layers.LSTM(layer.units, return_sequences=True, dtype=dtype)]
