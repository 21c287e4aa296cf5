"""Which values the layers of a job spec may have."""

from collections.abc import Iterator
from typing import assert_never

from twinrun.contract.enums import ActivationFunction
from twinrun.contract.layers import (
    Activation,
    AveragePool2d,
    BatchNorm,
    Conv2d,
    CustomDense,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GroupNorm,
    Initializer,
    Layer,
    LayerNorm,
    MaxPool2d,
    Normal,
    RmsNorm,
    VarianceScaling,
    Zeros,
)
from twinrun.contract.ranges import above_zero, between, fraction
from twinrun.contract.violation import Violation


def layer_violations(field: str, layer: Layer) -> Iterator[Violation]:
    """Yield the fields of a layer, the spec's ``field``, whose values are out of range."""
    match layer:
        case Flatten():
            pass
        case Activation() | Dropout():
            yield from _elementwise_violations(field, layer)
        case Dense() | CustomDense() | Embedding():
            yield from _product_violations(field, layer)
        case Conv2d():
            yield from _convolution_violations(field, layer)
        case MaxPool2d() | AveragePool2d():
            yield from _window_violations(field, layer)
        case BatchNorm() | LayerNorm() | RmsNorm() | GroupNorm():
            yield from _norm_violations(field, layer)
        case _:
            assert_never(layer)


def _convolution_violations(field: str, layer: Conv2d) -> Iterator[Violation]:
    yield from between(f"{field}.filters", layer.filters, 1, 100_000)
    yield from between(f"{field}.padding", layer.padding, 0, 4096)
    yield from between(f"{field}.dilation", layer.dilation, 1, 4096)
    yield from between(f"{field}.groups", layer.groups, 1, 100_000)
    yield from _window_violations(field, layer)
    yield from _initializers_violations(field, layer)
    for name, lengths, least in (("size", (2,), 1), ("stride", (2,), 1), ("padding", (2, 4), 0)):
        given: tuple[int, ...] = getattr(layer, f"{name}_2d")
        if given and len(given) not in lengths:
            wanted = " or ".join(map(str, lengths))
            yield Violation(
                f"{field}.{name}_2d", f"has {len(given)} numbers; it must have {wanted}"
            )
        for index, number in enumerate(given):
            yield from between(f"{field}.{name}_2d[{index}]", number, least, 4096)
    if layer.same and (layer.padding or layer.padding_2d):
        yield Violation(f"{field}.same", "is set, and so is another padding; leave one out")


def _elementwise_violations(field: str, layer: Activation | Dropout) -> Iterator[Violation]:
    match layer:
        case Activation(function, slope):
            if slope is not None:
                yield from fraction(f"{field}.slope", slope)
                if function is not ActivationFunction.LEAKY_RELU:
                    yield Violation(f"{field}.slope", "is of leaky_relu only; leave it out")
        case Dropout(rate):
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
        case Embedding(codes, width, drawn):
            yield from between(f"{field}.codes", codes, 1, 10_000_000)
            yield from between(f"{field}.width", width, 1, 100_000)
            yield from _initializer_violations(f"{field}.table_initializer", drawn)
        case _:
            assert_never(layer)


def _window_violations(
    field: str, layer: Conv2d | MaxPool2d | AveragePool2d
) -> Iterator[Violation]:
    yield from between(f"{field}.size", layer.size, 1, 4096)
    yield from between(f"{field}.stride", layer.stride, 1, 4096)


def _initializers_violations(field: str, layer: Dense | Conv2d) -> Iterator[Violation]:
    yield from _initializer_violations(f"{field}.kernel_initializer", layer.kernel_initializer)
    yield from _initializer_violations(f"{field}.bias_initializer", layer.bias_initializer)


def _initializer_violations(field: str, initializer: Initializer) -> Iterator[Violation]:
    match initializer:
        case Normal(stddev):
            yield from above_zero(f"{field}.normal.stddev", stddev, 1e9)
        case VarianceScaling(scale=scale):
            yield from above_zero(f"{field}.variance_scaling.scale", scale, 1_000)
        case Zeros():
            pass
        case _:
            assert_never(initializer)
