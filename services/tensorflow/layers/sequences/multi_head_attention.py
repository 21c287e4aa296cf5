"""MultiHeadAttention: of a sequence to itself."""

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from twinrun.contract.layers import MultiHeadAttention

from services.model.dropout import scale
from services.model.layers.sequences.multi_head_attention import PARTS, size
from services.tensorflow.layers.given import Given, Training


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

    def call(self, x: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        return super().call(x, x, value_mask=mask, use_causal_mask=self._of_spec.causal)

    def compute_mask(self, _: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor | None:
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


def computed(layer: MultiHeadAttention, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    time = x.shape[1]
    q, k, v = (_product("bti,ihd->bhtd", x, layer, given, head=True) for _ in PARTS)
    by = tf.constant(q.shape[-1] ** -0.5, x.dtype)
    scores = _einsum("bhtd,bhsd->bhts", q, k, given) * by
    seen = tf.ones([time, time], tf.bool)
    if given.counted is not None:  # a padded step sees itself too, so that each sees something
        seen = given.counted[:, None, None] | tf.eye(time, dtype=tf.bool)
    if layer.causal:
        seen = tf.linalg.band_part(seen, -1, 0)
    if layer.causal or given.counted is not None:
        scores = tf.where(seen, scores, scores.dtype.min)
    shares = tf.nn.softmax(scores)
    if layer.dropout and isinstance(given, Training):
        shares *= tf.cast(next(given.drawn), x.dtype) * scale(layer.dropout)
    found = _einsum("bhts,bhsd->bhtd", shares, v, given)
    return _product("bhtd,hdo->bto", found, layer, given)


def _product(
    how: str, x: tf.Tensor, layer: MultiHeadAttention, given: Given, *, head: bool = False
) -> tf.Tensor:
    product = _einsum(how, x, next(given.trained), given)
    if not layer.use_bias:
        return product
    bias = next(given.trained)
    return product + (tf.reshape(bias, [layer.heads, 1, -1]) if head else bias)


def _einsum(how: str, a: tf.Tensor, b: tf.Tensor, given: Given) -> tf.Tensor:
    found = tf.einsum(how, tf.cast(a, given.products), tf.cast(b, given.products))
    return tf.cast(found, a.dtype)


def idiomatic(layer: MultiHeadAttention, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.tensorflow.layers.Kind`."""
    return [ToItself(layer, dtype)]
