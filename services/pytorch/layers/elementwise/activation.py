"""Activation: a function of each value."""

from collections.abc import Callable, Mapping

import torch
from torch import nn
from torch.nn import functional
from twinrun.contract.enums import ActivationFunction
from twinrun.contract.layers import Activation

from services.model.kinds import complete
from services.model.layers.parameter import Shape
from services.pytorch.layers.given import Given, holds_nothing

held = holds_nothing

# Softmax can only be last, and belongs to the loss. Each function with its module.
_FUNCTIONS: Mapping[
    ActivationFunction, tuple[Callable[[torch.Tensor], torch.Tensor], Callable[[], nn.Module]]
] = complete(
    "services/pytorch/layers/elementwise/activation.py",
    set(ActivationFunction) - {ActivationFunction.SOFTMAX},
    {
        ActivationFunction.RELU: (functional.relu, nn.ReLU),
        ActivationFunction.TANH: (torch.tanh, nn.Tanh),
        ActivationFunction.SIGMOID: (torch.sigmoid, nn.Sigmoid),
        ActivationFunction.GELU: (functional.gelu, nn.GELU),  # exact: approximate="none"
    },
)


def computed(layer: Activation, x: torch.Tensor, _: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`."""
    return _FUNCTIONS[layer.function][0](x)


def idiomatic(layer: Activation, _: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    return _FUNCTIONS[layer.function][1]()
