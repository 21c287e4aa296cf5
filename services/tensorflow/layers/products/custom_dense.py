"""CustomDense: a dense layer as a user of Keras writes one."""

import tensorflow as tf
from twinrun.contract.layers import CustomDense as CustomDenseSpec

from services.tensorflow.layers.given import Given


def computed(_: CustomDenseSpec, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`: the same as a function of its parameters."""
    kernel, bias = next(given.trained), next(given.trained)
    product = tf.matmul(tf.cast(x, given.products), tf.cast(kernel, given.products))
    return tf.cast(product, bias.dtype) + bias  # as people write it, without bias_add
