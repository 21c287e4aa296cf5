"""Modules and functions for sequences [batch, time, width], as users of Flax write them.

``counted``, bool[batch, time], is False at padded steps, which come last.
"""

from collections.abc import Callable
from typing import assert_never

import jax
import jax.numpy as jnp
from flax import nnx
from twinrun.contract.layers import (
    Bidirectional,
    Embedding,
    GlobalAveragePool1d,
    GlobalMaxPool1d,
    Gru,
    LastStep,
    Leaf,
    Lstm,
    MultiHeadAttention,
    PositionEmbedding,
    SinusoidalPositions,
)

from services.jax.idiomatic.making import Making
from services.model.layers.parameter import Shape
from services.model.waves import table


class Embed(nnx.Embed):  # type: ignore[misc] # Flax's is Any
    """Flax's own; which code is ``padding`` is for the layers after it."""

    def __init__(self, codes: int, width: int, padding: int | None, making: Making) -> None:
        super().__init__(codes, width, **making.given)
        self.padding = padding


class Positions(nnx.Module):  # type: ignore[misc]
    """A row of a table is added at each position."""

    def __init__(self, shape: Shape, making: Making) -> None:
        self.table = nnx.Embed(*shape, **making.given)

    def __call__(self, x: jax.Array) -> jax.Array:
        return x + self.table(jnp.arange(x.shape[1]))


class GatesWithBias(nnx.GRUCell):  # type: ignore[misc]
    """Flax's own, and the bias within the reset gate, as cuDNN has it: Flax has none."""

    def __init__(self, taken: int, units: int, making: Making) -> None:
        super().__init__(taken, units, **making.given)
        draw = nnx.initializers.orthogonal()
        self.dense_h = nnx.Linear(units, 3 * units, kernel_init=draw, **making.given)


class GatesBefore(nnx.GRUCell):  # type: ignore[misc]
    """A cell whose reset gate is before the product, which Flax has none of."""

    def __call__(self, carry: jax.Array, inputs: jax.Array) -> tuple[jax.Array, jax.Array]:
        r_z_n, units = self.dense_i(inputs), self.hidden_features
        kernel = self.dense_h.kernel[...].astype(r_z_n.dtype)
        gates = r_z_n[..., : 2 * units] + carry @ kernel[:, : 2 * units]
        r, z = jnp.split(nnx.sigmoid(gates), 2, axis=-1)
        n = jnp.tanh(r_z_n[..., 2 * units :] + (r * carry) @ kernel[:, 2 * units :])
        made = (1.0 - z) * n + z * carry
        return made, made


def cell(kind: Lstm | Gru, taken: int, making: Making) -> nnx.RNNCellBase:
    """Return the cell of a recurrent layer that takes vectors so wide."""
    match kind:
        case Lstm(units):
            return nnx.OptimizedLSTMCell(taken, units, **making.given)
        case Gru(units, reset_after=True):
            return GatesWithBias(taken, units, making)
        case Gru(units):
            return GatesBefore(taken, units, **making.given)
        case _:
            assert_never(kind)


class Recurrent(nnx.RNN):  # type: ignore[misc]
    """A loop over the positions; padded ones come last, so that they change no other."""

    def __init__(self, kind: Lstm | Gru, taken: int, making: Making) -> None:
        super().__init__(cell(kind, taken, making), rngs=making.rngs)


class BothWays(nnx.Bidirectional):  # type: ignore[misc]
    """Two loops, of which one begins at the last step that counts."""

    def __init__(self, kind: Lstm | Gru, taken: int, making: Making) -> None:
        super().__init__(
            *(Recurrent(kind, taken, making) for _ in range(2)),
            rngs=making.rngs,
        )

    def __call__(self, x: jax.Array, counted: jax.Array | None = None) -> jax.Array:
        lengths = None if counted is None else counted.sum(1)
        made: jax.Array = super().__call__(x, seq_lengths=lengths)
        return made


class ToItself(nnx.MultiHeadAttention):  # type: ignore[misc]
    """Attention of a sequence to itself."""

    def __init__(self, layer: MultiHeadAttention, taken: int, making: Making) -> None:
        super().__init__(
            layer.heads,
            taken,
            use_bias=layer.use_bias,
            dropout_rate=layer.dropout,
            decode=False,
            **making.given,
        )
        self.causal = layer.causal

    def __call__(self, x: jax.Array, counted: jax.Array | None = None) -> jax.Array:
        time = x.shape[1]
        seen = None if counted is None else counted[:, None, None] | jnp.eye(time, dtype=bool)
        if self.causal:
            before = jnp.tri(time, dtype=bool)[None, None]
            seen = before if seen is None else seen & before
        made: jax.Array = super().__call__(x, mask=seen)
        return made


def module(
    layer: Embedding | Lstm | Gru | Bidirectional | MultiHeadAttention | PositionEmbedding,
    shape: Shape,
    making: Making,
) -> nnx.Module:
    """Return the module for the layer, for samples of ``shape``."""
    match layer:
        case Embedding(codes, made, padding=padding):
            return Embed(codes, made, padding, making)
        case Lstm() | Gru():
            return Recurrent(layer, shape[-1], making)
        case Bidirectional(kind):
            return BothWays(kind, shape[-1], making)
        case MultiHeadAttention():
            return ToItself(layer, shape[-1], making)
        case PositionEmbedding():
            return Positions(shape, making)
        case _:
            assert_never(layer)


def _last(x: jax.Array, counted: jax.Array | None = None) -> jax.Array:
    if counted is None:
        return x[:, -1]
    lengths = counted.sum(1)
    found = jnp.take_along_axis(x, jnp.maximum(lengths - 1, 0)[:, None, None], 1)[:, 0]
    return jnp.where(lengths[:, None] > 0, found, 0)


def _mean(x: jax.Array, counted: jax.Array | None = None) -> jax.Array:
    if counted is None:
        return x.mean(1)
    total = jnp.where(counted[..., None], x, 0).sum(1)
    return total / jnp.maximum(counted.sum(1, keepdims=True), 1).astype(x.dtype)


def _largest(x: jax.Array, counted: jax.Array | None = None) -> jax.Array:
    if counted is None:
        return x.max(1)
    found = jnp.where(counted[..., None], x, -jnp.inf).max(1)
    return jnp.where(counted.any(1, keepdims=True), found, 0)


def _waves(x: jax.Array) -> jax.Array:
    return x + jnp.asarray(table(*x.shape[1:]), x.dtype)


FUNCTIONS: dict[type[Leaf], Callable[..., jax.Array]] = {
    LastStep: _last,
    GlobalAveragePool1d: _mean,
    GlobalMaxPool1d: _largest,
    SinusoidalPositions: _waves,
}
