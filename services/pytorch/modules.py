"""Layers as users of PyTorch make them, and where their parameters are."""

from collections.abc import Callable, Sequence

import torch
from torch import nn

from services.pytorch import custom
from services.spec import (
    Activation,
    ActivationFunction,
    AveragePool2d,
    Conv2d,
    CustomDense,
    Dense,
    Flatten,
    Layer,
    MaxPool2d,
)
from services.workload import layers as shapes

_ACTIVATIONS: dict[ActivationFunction, Callable[[], nn.Module]] = {
    ActivationFunction.RELU: nn.ReLU,
    ActivationFunction.TANH: nn.Tanh,
    ActivationFunction.SIGMOID: nn.Sigmoid,
    ActivationFunction.GELU: nn.GELU,
}
TRAINED = nn.Linear, nn.Conv2d, custom.CustomDense


def kernel(module: nn.Module) -> torch.Tensor:
    """Of one of the TRAINED, in its own layout."""
    found: torch.Tensor = module.kernel if isinstance(module, custom.CustomDense) else module.weight
    return found


def axes(module: nn.Module) -> tuple[int, ...]:
    """Where the axes of the canonical kernel, [..., in, out], are in the module's own."""
    match module:
        case nn.Linear():
            return 1, 0
        case nn.Conv2d():
            return 2, 3, 1, 0
        case _:
            return 0, 1


def sequential(layers: Sequence[Layer], shape: tuple[int, ...]) -> nn.Sequential:
    """A module for each layer up to the logits, for samples of ``shape`` [h, w, c]."""
    modules: list[nn.Module] = []
    for layer in shapes.trained_layers(layers):
        match layer:
            case Flatten():
                modules.append(nn.Flatten())
            case Dense(units):
                modules.append(nn.Linear(shape[0], units))
            case CustomDense(units, stddev):
                modules.append(custom.CustomDense(shape[0], units, stddev))
            case Activation(function):
                modules.append(_ACTIVATIONS[function]())
            case Conv2d(filters, size, stride, padding):
                modules.append(nn.Conv2d(shape[-1], filters, size, stride, padding))
            case MaxPool2d(size, stride):
                modules.append(nn.MaxPool2d(size, stride))
            case AveragePool2d(size, stride):
                modules.append(nn.AvgPool2d(size, stride))
        shape = shapes.output_shape(layer, shape)
    return nn.Sequential(*modules)
