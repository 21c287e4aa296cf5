"""MultiHeadAttention: of a sequence to itself."""

import keras
import numpy as np
from numpy.typing import NDArray
from twinrun.contract.layers import MultiHeadAttention

from services.model.layers.sequences.multi_head_attention import size


class OneAxis:
    """Biases [heads, size] of Keras's, as they are in canonical weights: head by head."""

    def __init__(self, variable: keras.Variable) -> None:
        self._variable = variable

    def assign(self, array: NDArray[np.floating]) -> None:
        self._variable.assign(array.reshape(self._variable.shape))

    def numpy(self) -> NDArray[np.floating]:
        biases: NDArray[np.floating] = self._variable.numpy()
        return biases.reshape(-1)


class ToItself(keras.layers.MultiHeadAttention):  # type: ignore[misc] # Keras has no types
    """As users write it: of a sequence to itself. A head's size is known when it is built."""

    def __init__(self, layer: MultiHeadAttention, dtype: str) -> None:
        use_bias, dropout = layer.use_bias, layer.dropout
        super().__init__(layer.heads, 1, dropout=dropout, use_bias=use_bias, dtype=dtype)
        self._of_spec = layer

    def build(self, shape: tuple[int, ...]) -> None:
        self._key_dim = self._value_dim = size(self._of_spec, shape[-1])
        self._inverse_sqrt_key_dim = self._key_dim**-0.5
        super().build(shape, shape)

    def call(
        self, x: keras.KerasTensor, mask: keras.KerasTensor | None = None
    ) -> keras.KerasTensor:
        return super().call(x, x, value_mask=mask, use_causal_mask=self._of_spec.causal)

    def compute_mask(
        self, _: keras.KerasTensor, mask: keras.KerasTensor | None = None
    ) -> keras.KerasTensor | None:
        return mask

    @property
    def query_bias(self) -> OneAxis:
        return OneAxis(self._query_dense.bias)

    @property
    def key_bias(self) -> OneAxis:
        return OneAxis(self._key_dense.bias)

    @property
    def value_bias(self) -> OneAxis:
        return OneAxis(self._value_dense.bias)

    def compute_output_spec(self, x: keras.KerasTensor, **_: object) -> keras.KerasTensor:
        return keras.KerasTensor(x.shape, dtype=self.compute_dtype)


def idiomatic(layer: MultiHeadAttention, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    return [ToItself(layer, dtype)]
