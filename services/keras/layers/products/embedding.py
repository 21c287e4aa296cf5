"""Embedding: each code's row of a table."""

import keras
from twinrun.contract.layers import Embedding


class Padded(keras.layers.Embedding):  # type: ignore[misc] # Keras has no types
    """As users write it where the padding is another code than mask_zero's."""

    def __init__(self, layer: Embedding, dtype: str) -> None:
        super().__init__(layer.codes, layer.width, dtype=dtype)
        self.supports_masking, self._padding = True, layer.padding

    def compute_mask(
        self, codes: keras.KerasTensor, _: keras.KerasTensor | None = None
    ) -> keras.KerasTensor:
        return keras.ops.not_equal(codes, self._padding)


def idiomatic(layer: Embedding, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    if layer.padding:
        return [Padded(layer, dtype)]
    masks = layer.padding is not None
    return [keras.layers.Embedding(layer.codes, layer.width, mask_zero=masks, dtype=dtype)]
