"""PositionEmbedding: each position's row of a table is added."""

import keras
from twinrun.contract.layers import PositionEmbedding


class Positions(keras.layers.Layer):  # type: ignore[misc] # Keras has no types
    """As users write it: an embedding of the positions, added to what comes in."""

    def __init__(self, dtype: str) -> None:
        super().__init__(dtype=dtype)
        self.supports_masking = True

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.embeddings = self.add_weight(shape=shape[1:], initializer="uniform")

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return x + self.embeddings


def idiomatic(_: PositionEmbedding, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    return [Positions(dtype=dtype)]
