"""Shapes: what each layer makes of a sample, and which parameters it has."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.spec import (
    Activation,
    ActivationFunction,
    Dense,
    Flatten,
    Initializer,
    Layer,
    Violation,
)

Shape = tuple[int, ...]
_MOST_PARAMETERS = 2**31


@dataclass(frozen=True, slots=True)
class Parameter:
    """One array of the model: canonical name and layout, and the fans of its layer's kernel."""

    name: str
    shape: Shape
    initializer: Initializer
    fan_in: int
    fan_out: int


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
        case Dense(units):
            if len(shape) != 1:
                size = "x".join(map(str, shape))
                raise ValueError(f"takes a flat input, but gets {size}; put a flatten before it")
            return (units,)
        case Activation():
            return shape


def parameters(layers: Sequence[Layer], shape: Shape) -> list[Parameter]:
    """The parameters in model order, for samples of ``shape``. Raises ValueError on a misfit."""
    found = []
    for index, layer in enumerate(layers):
        made = output_shape(layer, shape)
        if isinstance(layer, Dense):
            fan_in, fan_out = shape[0], layer.units
            name = f"layers.{index}"
            found += [
                Parameter(
                    f"{name}.kernel", (fan_in, fan_out), layer.kernel_initializer, fan_in, fan_out
                ),
                Parameter(f"{name}.bias", (fan_out,), layer.bias_initializer, fan_in, fan_out),
            ]
        shape = made
    return found


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
            yield Violation(f"layers[{index}].{type(layer).__name__.lower()}", str(misfit))
            return  # what follows has no shape to be held against
    if shape != (classes,):
        size = "x".join(map(str, shape))
        yield Violation(
            f"layers[{last}]",
            f"makes {size} outputs for {classes} classes; end with a dense of {classes} units",
        )
    if not any(isinstance(layer, Dense) for layer in layers):
        yield Violation("layers", "have no parameter to train; add a dense layer")


def size_violations(layers: Sequence[Layer], shape: Shape) -> Iterator[Violation]:
    """More parameters than a trainer can be expected to hold."""
    count = sum(math.prod(parameter.shape) for parameter in parameters(layers, shape))
    if count > _MOST_PARAMETERS:
        yield Violation("layers", f"have {count:,} parameters; at most {_MOST_PARAMETERS:,} fit")
