"""MultiHeadAttention: of a sequence to itself."""

import tensorflow as tf
from twinrun.contract.layers import MultiHeadAttention

from services.model.dropout import scale
from services.model.layers.sequences.multi_head_attention import PARTS
from services.tensorflow.layers.given import Given, Training


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
