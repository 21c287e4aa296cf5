"""Shapes: what each layer makes of a sample, and which parameters it has."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
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
    Flatten,
    Initializer,
    Layer,
    MaxPool2d,
    Normal,
    Zeros,
    layer_field,
)
from twinrun.contract.violation import Violation

Shape = tuple[int, ...]
_MOST_PARAMETERS = 2**31


@dataclass(frozen=True, slots=True)
class Ones:
    """Initial values that no spec asks for: a batch norm's."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One array of the model: canonical name and layout, and the fans of its layer's kernel.

    Not ``trained`` is what the model keeps by itself while others are: moving statistics.
    """

    name: str
    shape: Shape
    initializer: Initializer | Ones
    fan_in: int = 1
    fan_out: int = 1
    trained: bool = True


def trained_layers(layers: Sequence[Layer]) -> Sequence[Layer]:
    """The layers up to the logits: all but a softmax that stands last."""
    if layers and layers[-1] == Activation(ActivationFunction.SOFTMAX):
        return layers[:-1]
    return layers


def output_shape(layer: Layer, shape: Shape) -> Shape:
    """What ``layer`` makes of a sample of ``shape``. Raises ValueError where it cannot."""
    match layer:
        case Flatten():
            return (math.prod(shape),)
        case Dense(units) | CustomDense(units):
            if len(shape) != 1:
                size = "x".join(map(str, shape))
                raise ValueError(f"takes a flat input, but gets {size}; put a flatten before it")
            return (units,)
        case Activation() | BatchNorm() | Dropout():
            return shape
        case Conv2d(filters, size, stride, padding):
            return (*_windows(shape, size, stride, padding), filters)
        case MaxPool2d(size, stride) | AveragePool2d(size, stride):
            return (*_windows(shape, size, stride, 0), shape[-1])
        case _:
            assert_never(layer)


def output_shapes(layers: Sequence[Layer], shape: Shape) -> list[Shape]:
    """What each layer makes of a sample of ``shape``. Raises ValueError where one cannot."""
    made = accumulate(layers, lambda before, layer: output_shape(layer, before), initial=shape)
    return list(made)[1:]


def _windows(shape: Shape, size: int, stride: int, padding: int) -> Shape:
    """How many windows fit, down and across. Raises ValueError where none does."""
    if len(shape) != 3:
        raise ValueError("takes images, but gets a flat input; put it before the flatten")
    found = tuple((side + 2 * padding - size) // stride + 1 for side in shape[:2])
    if min(found) < 1:
        height, width = (side + 2 * padding for side in shape[:2])
        raise ValueError(f"has a window of {size} pixels, but gets {height}x{width}")
    return found


def parameters(layers: Sequence[Layer], shape: Shape) -> list[Parameter]:
    """The parameters in model order, for samples of ``shape``. Raises ValueError on a misfit."""
    found = []
    for index, layer in enumerate(layers):
        made = output_shape(layer, shape)
        match layer:
            case Dense(units, of_kernel, of_bias, use_bias):
                bias = of_bias if use_bias else None
                found += _kernel_and_bias(index, (shape[0], units), of_kernel, bias)
            case CustomDense(units, stddev):
                drawn = Normal(stddev)
                found += _kernel_and_bias(index, (shape[0], units), drawn, drawn)
            case Conv2d(filters, size, _, _, of_kernel, of_bias, use_bias):
                kernel = (size, size, shape[-1], filters)
                found += _kernel_and_bias(index, kernel, of_kernel, of_bias if use_bias else None)
            case BatchNorm():
                found += _of_batch_norm(index, shape[-1:])
            case Flatten() | Activation() | MaxPool2d() | AveragePool2d() | Dropout():
                pass
            case _:
                assert_never(layer)
        shape = made
    return found


def _kernel_and_bias(
    index: int, kernel: Shape, of_kernel: Initializer, of_bias: Initializer | None
) -> list[Parameter]:
    """``kernel`` [..., in, out]; a fan is a channel times the pixels of a window."""
    *window, channels, units = kernel
    fans = math.prod(window) * channels, math.prod(window) * units
    name = f"layers.{index}"
    found = [Parameter(f"{name}.kernel", kernel, of_kernel, *fans)]
    if of_bias is not None:
        found.append(Parameter(f"{name}.bias", (units,), of_bias, *fans))
    return found


def _of_batch_norm(index: int, channels: Shape) -> list[Parameter]:
    name = f"layers.{index}"
    return [
        Parameter(f"{name}.gamma", channels, Ones()),
        Parameter(f"{name}.beta", channels, Zeros()),
        Parameter(f"{name}.moving_mean", channels, Zeros(), trained=False),
        Parameter(f"{name}.moving_variance", channels, Ones(), trained=False),
    ]


def violations(layers: Sequence[Layer], shape: Shape, classes: int) -> Iterator[Violation]:
    """Layers that do not fit each other, the samples' ``shape`` or the number of ``classes``."""
    if not layers:
        yield Violation("layers", "is empty; give at least flatten and one dense layer")
        return
    if len(layers) > 1000:
        yield Violation("layers", f"has {len(layers)} layers; at most 1000 are taken")
        return
    last = len(layers) - 1
    for index, layer in enumerate(layers):
        if layer == Activation(ActivationFunction.SOFTMAX) and index != last:
            yield Violation(
                f"layers[{index}].activation.function", "is softmax, which may stand last only"
            )
        try:
            shape = output_shape(layer, shape)
        except ValueError as misfit:
            yield Violation(f"layers[{index}].{layer_field(layer)}", str(misfit))
            return  # what follows has no shape to be held against
    if shape != (classes,):
        size = "x".join(map(str, shape))
        yield Violation(
            f"layers[{last}]",
            f"makes {size} outputs for {classes} classes; end with a dense of {classes} units",
        )
    if not any(isinstance(layer, Dense | CustomDense | Conv2d) for layer in layers):
        yield Violation("layers", "have no parameter to train; add a dense layer")


def size_violations(layers: Sequence[Layer], shape: Shape) -> Iterator[Violation]:
    """More parameters than a trainer can be expected to hold."""
    count = sum(math.prod(parameter.shape) for parameter in parameters(layers, shape))
    if count > _MOST_PARAMETERS:
        yield Violation("layers", f"have {count:,} parameters; at most {_MOST_PARAMETERS:,} fit")
