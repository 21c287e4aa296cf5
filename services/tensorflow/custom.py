"""A dense layer as a user of Keras writes one."""

import keras
import tensorflow as tf


class CustomDense(keras.layers.Layer):  # type: ignore[misc]
    """``x @ kernel + bias``, both normally distributed at first, with ``stddev``."""

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
