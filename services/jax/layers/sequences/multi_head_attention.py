"""MultiHeadAttention: of a sequence to itself."""

import jax
import jax.numpy as jnp
from jax import nn
from twinrun.contract.layers import MultiHeadAttention

from services.jax.layers.given import Given, Training
from services.model.dropout import scale
from services.model.layers.sequences.multi_head_attention import PARTS


def computed(layer: MultiHeadAttention, x: jax.Array, given: Given) -> jax.Array:
    """Implement `services.jax.layers.Kind`."""
    time = x.shape[1]
    q, k, v = (_product("bti,ihd->bhtd", x, layer, given, head=True) for _ in PARTS)
    scores = _einsum("bhtd,bhsd->bhts", q, k, given) * float(q.shape[-1] ** -0.5)
    seen = jnp.ones((time, time), bool)
    if given.counted is not None:  # a padded step sees itself too, so that each sees something
        seen = given.counted[:, None, None] | jnp.eye(time, dtype=bool)
    if layer.causal:
        seen &= jnp.tri(time, dtype=bool)
    if layer.causal or given.counted is not None:
        scores = jnp.where(seen, scores, jnp.finfo(scores.dtype).min)
    shares = nn.softmax(scores)
    if layer.dropout and isinstance(given, Training):
        shares *= next(given.drawn).astype(x.dtype) * scale(layer.dropout)
    found = _einsum("bhts,bhsd->bhtd", shares, v, given)
    return _product("bhtd,hdo->bto", found, layer, given)


def _product(
    how: str, x: jax.Array, layer: MultiHeadAttention, given: Given, *, head: bool = False
) -> jax.Array:
    product = _einsum(how, x, next(given.trained), given)
    if not layer.use_bias:
        return product
    bias = next(given.trained)
    return product + (bias.reshape(layer.heads, 1, -1) if head else bias)


def _einsum(how: str, a: jax.Array, b: jax.Array, given: Given) -> jax.Array:
    made = jnp.einsum(how, given.rounding.factor(a), given.rounding.factor(b))
    return given.rounding.product(made, a.dtype)
