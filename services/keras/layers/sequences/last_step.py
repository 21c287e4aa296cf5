"""LastStep: the last position of a sequence."""

import keras
from twinrun.contract.layers import LastStep


class Last(keras.layers.Layer):  # type: ignore[misc] # Keras has no types
    """As users write it: the last position that is not masked."""

    def __init__(self, dtype: str) -> None:
        super().__init__(dtype=dtype)
        self.supports_masking = True

    def call(
        self, x: keras.KerasTensor, mask: keras.KerasTensor | None = None
    ) -> keras.KerasTensor:
        if mask is None:
            return x[:, -1]
        ops = keras.ops
        counted = ops.cast(mask, "int32")
        after = ops.cumsum(ops.flip(counted, 1), 1)
        is_last = ops.logical_and(mask, ops.equal(ops.flip(after, 1), 1))
        return ops.sum(ops.where(is_last[..., None], x, ops.zeros_like(x)), 1)  # zeros if none

    def compute_mask(self, *_: object) -> None:
        """Implement `keras.layers.Layer`: what it returns has no positions."""


def idiomatic(_: LastStep, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    return [Last(dtype=dtype)]
