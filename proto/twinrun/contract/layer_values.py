"""Which values the layers of a job spec may have."""

from collections.abc import Iterator
from typing import assert_never

from twinrun.contract.enums import ActivationFunction
from twinrun.contract.initializers import (
    Constant,
    Initializer,
    Normal,
    Orthogonal,
    TruncatedNormal,
    VarianceScaling,
    Zeros,
)
from twinrun.contract.layers import (
    Activation,
    AveragePool2d,
    BatchNorm,
    Bidirectional,
    Concat,
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
    Layer,
    LayerNorm,
    Lstm,
    MaxPool2d,
    MultiHeadAttention,
    PositionEmbedding,
    Repeat,
    Residual,
    RmsNorm,
    SinusoidalPositions,
    SpatialDropout2d,
    ToSequence,
    UpSampling2d,
    ZeroPadding2d,
    layer_field,
)
from twinrun.contract.nesting import nest_violations
from twinrun.contract.ranges import above_zero, between, fraction
from twinrun.contract.violation import Violation


def layer_violations(field: str, layer: Layer) -> Iterator[Violation]:
    """Yield the fields of a layer, the spec's ``field``, whose values are out of range."""
    match layer:
        case Flatten() | ZeroPadding2d() | UpSampling2d():
            yield from _shaping_violations(field, layer)
        case (
            GlobalAveragePool1d()
            | GlobalMaxPool1d()
            | GlobalAveragePool2d()
            | GlobalMaxPool2d()
            | LastStep()
            | SinusoidalPositions()
            | ToSequence()
        ):
            pass
        case Lstm() | Gru() | Bidirectional() | PositionEmbedding() | MultiHeadAttention():
            yield from _sequence_violations(field, layer)
        case Activation() | Dropout() | SpatialDropout2d():
            yield from _elementwise_violations(field, layer)
        case Dense() | CustomDense() | Embedding():
            yield from _product_violations(field, layer)
        case Conv2d() | Conv1d() | Conv2dTranspose():
            yield from _convolution_violations(field, layer)
        case MaxPool2d() | AveragePool2d():
            yield from _window_violations(field, layer)
        case BatchNorm() | LayerNorm() | RmsNorm() | GroupNorm():
            yield from _norm_violations(field, layer)
        case Residual() | Concat() | Repeat():
            yield from nest_violations(field, layer)
        case _:
            assert_never(layer)


def _convolution_violations(
    field: str, layer: Conv2d | Conv1d | Conv2dTranspose
) -> Iterator[Violation]:
    yield from between(f"{field}.filters", layer.filters, 1, 100_000)
    yield from between(f"{field}.padding", layer.padding, 0, 4096)
    yield from _window_violations(field, layer)
    yield from _initializers_violations(field, layer)
    if not isinstance(layer, Conv1d):
        yield from _pair_violations(f"{field}.size_2d", layer.size_2d, (2,), 1)
        yield from _pair_violations(f"{field}.stride_2d", layer.stride_2d, (2,), 1)
    match layer:
        case Conv2d(padding_2d=zeros):
            yield from _pair_violations(f"{field}.padding_2d", zeros, (2, 4), 0)
        case Conv1d(padding_1d=zeros):
            yield from _pair_violations(f"{field}.padding_1d", zeros, (2,), 0)
        case Conv2dTranspose(output_padding=more):
            zeros = (more,) if more else ()
            # What is more than a stride is another pixel's, or nobody's.
            stride = min(layer.stride_2d or (layer.stride,))
            yield from between(f"{field}.output_padding", more, 0, max(stride - 1, 0))
        case _:
            assert_never(layer)
    if not isinstance(layer, Conv2dTranspose):
        yield from between(f"{field}.dilation", layer.dilation, 1, 4096)
        yield from between(f"{field}.groups", layer.groups, 1, 100_000)
    if layer.same and (layer.padding or zeros):
        yield Violation(f"{field}.same", "is set, and so is another padding; leave one out")


def _pair_violations(
    field: str, given: tuple[int, ...], lengths: tuple[int, ...], least: int
) -> Iterator[Violation]:
    """Yield what is wrong with several numbers in place of one."""
    if given and len(given) not in lengths:
        wanted = " or ".join(map(str, lengths))
        yield Violation(field, f"has {len(given)} numbers; it must have {wanted}")
    for index, number in enumerate(given):
        yield from between(f"{field}[{index}]", number, least, 4096)


def _shaping_violations(
    field: str, layer: Flatten | ZeroPadding2d | UpSampling2d
) -> Iterator[Violation]:
    match layer:
        case Flatten():
            pass
        case ZeroPadding2d(padding, padding_2d):
            yield from between(f"{field}.padding", padding, 0, 4096)
            yield from _pair_violations(f"{field}.padding_2d", padding_2d, (2, 4), 0)
        case UpSampling2d(factor):
            yield from between(f"{field}.factor", factor, 1, 64)
        case _:
            assert_never(layer)


def _elementwise_violations(
    field: str, layer: Activation | Dropout | SpatialDropout2d
) -> Iterator[Violation]:
    match layer:
        case Activation(function, slope):
            if slope is not None:
                yield from fraction(f"{field}.slope", slope)
                if function is not ActivationFunction.LEAKY_RELU:
                    yield Violation(f"{field}.slope", "is of leaky_relu only; leave it out")
        case Dropout(rate) | SpatialDropout2d(rate):
            yield from fraction(f"{field}.rate", rate)
        case _:
            assert_never(layer)


def _norm_violations(
    field: str, layer: BatchNorm | LayerNorm | RmsNorm | GroupNorm
) -> Iterator[Violation]:
    yield from above_zero(f"{field}.epsilon", layer.epsilon, 1)
    if isinstance(layer, BatchNorm):
        yield from fraction(f"{field}.momentum", layer.momentum)
    if isinstance(layer, GroupNorm):
        yield from between(f"{field}.groups", layer.groups, 1, 100_000)


def _product_violations(field: str, layer: Dense | CustomDense | Embedding) -> Iterator[Violation]:
    match layer:
        case Dense():
            yield from between(f"{field}.units", layer.units, 1, 1_000_000)
            yield from _initializers_violations(field, layer)
        case CustomDense(units, stddev):
            yield from between(f"{field}.units", units, 1, 1_000_000)
            yield from above_zero(f"{field}.stddev", stddev, 1_000)
        case Embedding(codes, width, drawn, padding):
            yield from between(f"{field}.codes", codes, 1, 10_000_000)
            yield from between(f"{field}.width", width, 1, 100_000)
            yield from _initializer_violations(f"{field}.table_initializer", drawn)
            if padding is not None:
                yield from between(f"{field}.padding", padding, 0, max(codes - 1, 0))
        case _:
            assert_never(layer)


def _sequence_violations(
    field: str, layer: Lstm | Gru | Bidirectional | PositionEmbedding | MultiHeadAttention
) -> Iterator[Violation]:
    match layer:
        case Bidirectional(kind):
            yield from _sequence_violations(f"{field}.{layer_field(type(kind))}", kind)
        case Lstm(units) | Gru(units):
            yield from between(f"{field}.units", units, 1, 100_000)
            yield from _initializers_violations(field, layer)
            recurrent = layer.recurrent_initializer
            yield from _initializer_violations(f"{field}.recurrent_initializer", recurrent)
        case PositionEmbedding(drawn):
            yield from _initializer_violations(f"{field}.table_initializer", drawn)
        case MultiHeadAttention(heads):
            yield from between(f"{field}.heads", heads, 1, 1_000)
            yield from fraction(f"{field}.dropout", layer.dropout)
            yield from _initializers_violations(field, layer)
        case _:
            assert_never(layer)


def _window_violations(
    field: str, layer: Conv2d | Conv1d | Conv2dTranspose | MaxPool2d | AveragePool2d
) -> Iterator[Violation]:
    yield from between(f"{field}.size", layer.size, 1, 4096)
    yield from between(f"{field}.stride", layer.stride, 1, 4096)


def _initializers_violations(
    field: str, layer: Dense | Conv2d | Conv1d | Conv2dTranspose | MultiHeadAttention | Lstm | Gru
) -> Iterator[Violation]:
    yield from _initializer_violations(f"{field}.kernel_initializer", layer.kernel_initializer)
    yield from _initializer_violations(f"{field}.bias_initializer", layer.bias_initializer)


def _initializer_violations(field: str, initializer: Initializer) -> Iterator[Violation]:
    match initializer:
        case Normal(stddev):
            yield from above_zero(f"{field}.normal.stddev", stddev, 1e9)
        case TruncatedNormal(stddev):
            yield from above_zero(f"{field}.truncated_normal.stddev", stddev, 1e9)
        case Constant(value):
            yield from between(f"{field}.constant.value", value, -1e9, 1e9)
        case Orthogonal(gain):
            yield from above_zero(f"{field}.orthogonal.gain", gain, 1_000)
        case VarianceScaling(scale=scale):
            yield from above_zero(f"{field}.variance_scaling.scale", scale, 1_000)
        case Zeros():
            pass
        case _:
            assert_never(initializer)
