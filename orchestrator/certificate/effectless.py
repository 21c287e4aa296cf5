"""Parameters without an effect on a model: a batch norm subtracts the bias of the layer before."""

from collections.abc import Iterator, Sequence
from typing import assert_never

from twinrun.contract.layers import (
    Activation,
    AveragePool2d,
    BatchNorm,
    Conv2d,
    CustomDense,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool2d,
)


def biases_before_batch_norm(layers: Sequence[Layer]) -> Iterator[str]:
    """Yield the names of biases that a batch norm subtracts again: their gradient is zero."""
    bias: str | None = None
    for index, layer in enumerate(layers):
        match layer:
            case Dense() | Conv2d():
                bias = f"layers.{index}.bias" if layer.use_bias else None
            case CustomDense():
                bias = f"layers.{index}.bias"
            case BatchNorm():
                if bias is not None:
                    yield bias
                bias = None
            case Flatten() | MaxPool2d() | AveragePool2d():
                pass  # what they return is shifted as much as what they are given
            case Activation() | Dropout():
                bias = None
            case _:
                assert_never(layer)
