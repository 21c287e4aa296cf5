"""CustomDense: a dense layer as a user of Keras writes one."""

import keras
import tensorflow as tf
from twinrun.contract.layers import CustomDense as CustomDenseSpec

from services.tensorflow.layers.given import Given


class CustomDense(keras.layers.Layer):  # type: ignore[misc]
    """``x @ kernel + bias``, with normally distributed initial values of ``stddev``."""

    def __init__(self, units: int, stddev: float = 1.0, **options: object) -> None:
        super().__init__(**options)
        self.units = units
        self.stddev = stddev

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        drawn = keras.initializers.RandomNormal(stddev=self.stddev)
        self.kernel = self.add_weight(
            name="kernel", shape=(input_shape[-1], self.units), initializer=drawn
        )
        drawn = keras.initializers.RandomNormal(stddev=self.stddev)
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer=drawn)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return tf.matmul(x, self.kernel) + self.bias


def computed(_: CustomDenseSpec, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`: the same as a function of its parameters."""
    kernel, bias = next(given.trained), next(given.trained)
    product = tf.matmul(tf.cast(x, given.products), tf.cast(kernel, given.products))
    return tf.cast(product, bias.dtype) + bias  # as people write it, without bias_add


def idiomatic(layer: CustomDenseSpec, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.tensorflow.layers.Kind`."""
    return [CustomDense(layer.units, layer.stddev, dtype=dtype)]
