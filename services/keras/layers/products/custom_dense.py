"""CustomDense: a dense layer as a user of Keras writes one."""

import keras
from twinrun.contract.layers import CustomDense as CustomDenseSpec


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

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return keras.ops.matmul(x, self.kernel) + self.bias


def idiomatic(layer: CustomDenseSpec, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    return [CustomDense(layer.units, layer.stddev, dtype=dtype)]
