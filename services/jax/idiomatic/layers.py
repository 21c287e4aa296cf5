"""Flax's own for each layer of a spec, as users write it: a module, or a function."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias, assert_never

import jax
import jax.numpy as jnp
from flax import nnx
from jax import nn
from twinrun.contract.enums import ActivationFunction
from twinrun.contract.layers import (
    Activation,
    AveragePool2d,
    BatchNorm,
    Bidirectional,
    Conv1d,
    Conv2d,
    Conv2dTranspose,
    CustomDense,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePool1d,
    GlobalAveragePool2d,
    GlobalMaxPool1d,
    GlobalMaxPool2d,
    GroupNorm,
    Gru,
    LastStep,
    LayerNorm,
    Leaf,
    Lstm,
    MaxPool2d,
    MultiHeadAttention,
    PositionEmbedding,
    RmsNorm,
    SinusoidalPositions,
    SpatialDropout2d,
    ToSequence,
    UpSampling2d,
    ZeroPadding2d,
)
from twinrun.contract.norms import is_usual_momentum

from services.jax.idiomatic import sequences
from services.jax.idiomatic.making import Making
from services.model import taken
from services.model.layers.parameter import Shape
from services.model.layers.window import Axis, along, axes, sides, transposed

Made: TypeAlias = Any  # an `nnx.Module`, which Flax has no types of, or a function


def idiomatic(layer: Leaf, shape: Shape, making: Making) -> Made:
    """Return what users of Flax write for the layer, for samples of ``shape``."""
    match layer:
        case Dense() | CustomDense() | Dropout() | SpatialDropout2d():
            return _plain(layer, shape[-1], making)
        case Conv2d() | Conv1d():
            return _conv(layer, shape, making.given)
        case Conv2dTranspose():
            return _transposed(layer, shape[-1], making.given)
        case BatchNorm() | LayerNorm() | RmsNorm() | GroupNorm():
            return _norm(layer, shape[-1], making.given)
        case Embedding() | Lstm() | Gru() | Bidirectional():
            return sequences.module(layer, shape, making)
        case MultiHeadAttention() | PositionEmbedding():
            return sequences.module(layer, shape, making)
        case Activation() | MaxPool2d() | AveragePool2d() | GlobalAveragePool2d():
            return _function(layer)
        case GlobalMaxPool2d() | UpSampling2d() | ZeroPadding2d() | Flatten() | ToSequence():
            return _function(layer)
        case LastStep() | GlobalAveragePool1d() | GlobalMaxPool1d() | SinusoidalPositions():
            return sequences.FUNCTIONS[type(layer)]
        case _:
            assert_never(layer)


def _plain(
    layer: Dense | CustomDense | Dropout | SpatialDropout2d, width: int, making: Making
) -> Made:
    match layer:
        case Dense(units):
            return nnx.Linear(width, units, use_bias=layer.use_bias, **making.given)
        case CustomDense(units, stddev):
            return Custom(width, units, stddev, making)
        case Dropout(rate):
            return nnx.Dropout(rate, rngs=making.rngs)
        case SpatialDropout2d(rate):
            return nnx.Dropout(rate, broadcast_dims=(1, 2), rngs=making.rngs)
        case _:
            assert_never(layer)


def _norm(
    layer: BatchNorm | LayerNorm | RmsNorm | GroupNorm, width: int, given: dict[str, Any]
) -> Made:
    given = {**taken.epsilon(layer, "epsilon"), **given}
    match layer:
        case BatchNorm():
            kept = {} if is_usual_momentum(layer) else {"momentum": layer.momentum}
            return _wide(nnx.BatchNorm(width, **kept, **given))
        case LayerNorm():
            return nnx.LayerNorm(width, **given)
        case RmsNorm():
            return nnx.RMSNorm(width, **given)
        case GroupNorm(groups):
            return nnx.GroupNorm(width, groups, **given)
        case _:
            assert_never(layer)


def _function(
    layer: Activation
    | AveragePool2d
    | Flatten
    | GlobalAveragePool2d
    | GlobalMaxPool2d
    | MaxPool2d
    | ToSequence
    | UpSampling2d
    | ZeroPadding2d,
) -> Made:
    """Return the function for a layer that holds nothing."""
    match layer:
        case Activation(function, slope):
            found = _activation(function)
            return found if slope is None else partial(found, negative_slope=slope)
        case MaxPool2d(size, stride) | AveragePool2d(size, stride):
            pool = nnx.max_pool if isinstance(layer, MaxPool2d) else nnx.avg_pool
            return partial(pool, window_shape=(size, size), strides=(stride, stride))
        case GlobalAveragePool2d() | GlobalMaxPool2d():
            of_all = jnp.max if isinstance(layer, GlobalMaxPool2d) else jnp.mean
            return partial(of_all, axis=(1, 2))
        case UpSampling2d(factor, interpolation):
            return partial(_resized, factor=factor, method=interpolation.value)
        case ZeroPadding2d():
            above, below, left, right = sides(layer)
            return partial(jnp.pad, pad_width=((0, 0), (above, below), (left, right), (0, 0)))
        case Flatten():
            return _flat
        case ToSequence():
            return _pixels
        case _:
            assert_never(layer)


def _activation(function: ActivationFunction) -> Callable[..., jax.Array]:
    """Return JAX's own, looked up now: beside code a model is watched while it is made."""
    found: dict[ActivationFunction, Callable[..., jax.Array]] = {
        ActivationFunction.RELU: nn.relu,
        ActivationFunction.TANH: jnp.tanh,
        ActivationFunction.SIGMOID: nn.sigmoid,
        ActivationFunction.GELU: partial(nn.gelu, approximate=False),
        ActivationFunction.GELU_TANH: nn.gelu,
        ActivationFunction.SOFTMAX: nn.softmax,
        ActivationFunction.LEAKY_RELU: nn.leaky_relu,
        ActivationFunction.ELU: nn.elu,
        ActivationFunction.SELU: nn.selu,
        ActivationFunction.SILU: nn.silu,
        ActivationFunction.SOFTPLUS: nn.softplus,
    }
    return found[function]


class Custom(nnx.Module):  # type: ignore[misc] # Flax's is Any
    """The layer of `CustomDense`, as users write one of their own."""

    def __init__(self, taken: int, units: int, stddev: float, making: Making) -> None:
        given = making.given
        dtype = given.get("param_dtype", jnp.float32)
        draw = nn.initializers.normal(stddev)
        self.stddev = stddev
        self.kernel = nnx.Param(draw(making.rngs.params(), (taken, units), dtype))
        self.bias = nnx.Param(jnp.zeros(units, dtype))
        self.dtype = given.get("dtype", dtype)

    def __call__(self, x: jax.Array) -> jax.Array:
        kernel, bias = (held[...].astype(self.dtype) for held in (self.kernel, self.bias))
        return x.astype(self.dtype) @ kernel + bias


def _wide(norm: nnx.BatchNorm) -> nnx.BatchNorm:
    """Have the statistics in the parameters' precision: Flax makes them in float32."""
    for held in (norm.mean, norm.var):
        held.set_value(held[...].astype(norm.param_dtype))
    return norm


def _conv(layer: Conv1d | Conv2d, shape: Shape, given: dict[str, Any]) -> nnx.Conv:
    windows: tuple[Axis, ...] = (
        axes(layer, shape) if isinstance(layer, Conv2d) else (along(layer, shape[0]),)
    )
    zeros = [(axis.before, axis.after) for axis in windows]
    return nnx.Conv(
        shape[-1],
        layer.filters,
        tuple(axis.size for axis in windows),
        tuple(axis.stride for axis in windows),
        padding="SAME" if layer.same else zeros if any(map(any, zeros)) else "VALID",
        kernel_dilation=layer.dilation,
        feature_group_count=layer.groups,
        use_bias=layer.use_bias,
        **given,
    )


def _transposed(layer: Conv2dTranspose, width: int, given: dict[str, Any]) -> nnx.ConvTranspose:
    windows = transposed(layer)
    return nnx.ConvTranspose(
        width,
        layer.filters,
        tuple(axis.size for axis in windows),
        tuple(axis.stride for axis in windows),
        # Of the pixels that lie a stride apart, which the kernel slides over.
        padding=[(axis.reach - 1 - axis.before, axis.reach - 1 - axis.after) for axis in windows],
        use_bias=layer.use_bias,
        **given,
    )


def _resized(x: jax.Array, factor: int, method: str) -> jax.Array:
    batch, height, width, channels = x.shape
    return jax.image.resize(x, (batch, factor * height, factor * width, channels), method)


def _flat(x: jax.Array) -> jax.Array:
    return x.reshape(len(x), -1)


def _pixels(x: jax.Array) -> jax.Array:
    return x.reshape(len(x), -1, x.shape[-1])
