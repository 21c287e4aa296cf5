"""ToSequence: an image's pixels, one after the other."""

import keras
from twinrun.contract.layers import ToSequence


class Pixels(keras.layers.Layer):  # type: ignore[misc] # Keras has no types
    """As users write it: one position for each pixel."""

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return keras.ops.reshape(x, (-1, x.shape[1] * x.shape[2], x.shape[3]))


def idiomatic(_: ToSequence, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    return [Pixels(dtype=dtype)]
