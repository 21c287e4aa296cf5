"""GlobalMaxPool1d: the largest value over the positions of a sequence."""

import keras
import ml_dtypes
from twinrun.contract.layers import GlobalMaxPool1d


class Largest(keras.layers.GlobalMaxPooling1D):  # type: ignore[misc] # Keras has no types
    """As users write it: of the positions that are not masked, which Keras's own counts too."""

    def __init__(self, dtype: str) -> None:
        super().__init__(dtype=dtype)
        self.supports_masking = True

    def call(
        self, x: keras.KerasTensor, mask: keras.KerasTensor | None = None
    ) -> keras.KerasTensor:
        if mask is None:
            return super().call(x)
        ops = keras.ops
        least = float(ml_dtypes.finfo(keras.backend.standardize_dtype(x.dtype)).min)
        found = super().call(ops.where(mask[..., None], x, ops.convert_to_tensor(least, x.dtype)))
        return ops.where(ops.any(mask, 1, keepdims=True), found, ops.zeros_like(found))

    def compute_mask(self, *_: object) -> None:
        """Implement `keras.layers.Layer`: what it returns has no positions."""


def idiomatic(_: GlobalMaxPool1d, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    return [Largest(dtype=dtype)]
