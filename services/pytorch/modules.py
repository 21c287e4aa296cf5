"""Layers as users of PyTorch make them, and where their parameters are."""

from collections.abc import Callable, Sequence
from typing import assert_never

import torch
from torch import nn
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
    Layer,
    MaxPool2d,
)

from services.model import layers as shapes
from services.pytorch import custom

_ACTIVATIONS: dict[ActivationFunction, Callable[[], nn.Module]] = {
    ActivationFunction.RELU: nn.ReLU,
    ActivationFunction.TANH: nn.Tanh,
    ActivationFunction.SIGMOID: nn.Sigmoid,
    ActivationFunction.GELU: nn.GELU,
}


def held(module: nn.Module) -> dict[str, torch.Tensor]:
    """What a module holds, by its name in canonical weights, as views of the canonical layout."""
    match module:
        case nn.Linear():
            found = {"kernel": module.weight.T, "bias": module.bias}
        case nn.Conv2d():
            found = {"kernel": module.weight.permute(2, 3, 1, 0), "bias": module.bias}
        case custom.CustomDense():
            found = {"kernel": module.kernel, "bias": module.bias}
        case nn.BatchNorm1d() | nn.BatchNorm2d():
            found = {
                "gamma": module.weight,
                "beta": module.bias,
                "moving_mean": module.running_mean,
                "moving_variance": module.running_var,
            }
        case _:
            return {}
    return {part: tensor.detach() for part, tensor in found.items() if tensor is not None}


def untrained_count(module: nn.Module) -> int:
    """Values of its moving statistics; not of the count of batches, which Keras does not keep."""
    return sum(
        tensor.numel()
        for name, tensor in module.named_buffers()
        if not name.endswith("num_batches_tracked")
    )


def sequential(layers: Sequence[Layer], shape: tuple[int, ...]) -> nn.Sequential:
    """A module for each layer up to the logits, for samples of ``shape`` [h, w, c].

    Initial values, and a batch norm's momentum and epsilon, are left to PyTorch.
    """
    modules: list[nn.Module] = []
    for layer in shapes.trained_layers(layers):
        modules.append(_made(layer, shape))
        shape = shapes.output_shape(layer, shape)
    return nn.Sequential(*modules)


def _made(layer: Layer, shape: tuple[int, ...]) -> nn.Module:
    """The module of a layer, for samples of ``shape``."""
    match layer:
        case Flatten():
            return nn.Flatten()
        case Dense(units, use_bias=use_bias):
            return nn.Linear(shape[0], units, use_bias)
        case CustomDense(units, stddev):
            return custom.CustomDense(shape[0], units, stddev)
        case Activation(function):
            return _ACTIVATIONS[function]()
        case Conv2d(filters, size, stride, padding, use_bias=use_bias):
            return nn.Conv2d(shape[-1], filters, size, stride, padding, bias=use_bias)
        case BatchNorm():
            of_images = len(shape) == 3
            return (nn.BatchNorm2d if of_images else nn.BatchNorm1d)(shape[-1])
        case Dropout(rate):
            return nn.Dropout(rate)
        case MaxPool2d(size, stride):
            return nn.MaxPool2d(size, stride)
        case AveragePool2d(size, stride):
            return nn.AvgPool2d(size, stride)
        case _:
            assert_never(layer)
