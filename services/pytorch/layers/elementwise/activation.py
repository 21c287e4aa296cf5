"""Activation: a function of each value."""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import nn
from torch.nn import functional
from twinrun.contract.enums import ActivationFunction
from twinrun.contract.layers import Activation

from services.model.kinds import complete
from services.model.layers.parameter import Shape
from services.pytorch.layers.given import Given, holds_nothing

held = holds_nothing

# From here on softplus is x to the last bit; PyTorch's threshold is 20, where it is off by 1e-10.
_LARGE = 40
_Kind = tuple[Callable[..., torch.Tensor], Callable[..., nn.Module]]
# Each function with its module. That of a leaky ReLU takes its slope.
_FUNCTIONS: Mapping[ActivationFunction, _Kind] = complete(
    "services/pytorch/layers/elementwise/activation.py",
    ActivationFunction,
    {
        ActivationFunction.RELU: (functional.relu, nn.ReLU),
        ActivationFunction.TANH: (torch.tanh, nn.Tanh),
        ActivationFunction.SIGMOID: (torch.sigmoid, nn.Sigmoid),
        ActivationFunction.GELU: (functional.gelu, nn.GELU),  # exact: approximate="none"
        ActivationFunction.SOFTMAX: (partial(torch.softmax, dim=-1), nn.Softmax),
        ActivationFunction.LEAKY_RELU: (functional.leaky_relu, nn.LeakyReLU),
        ActivationFunction.ELU: (functional.elu, nn.ELU),
        ActivationFunction.SELU: (functional.selu, nn.SELU),
        ActivationFunction.SILU: (functional.silu, nn.SiLU),
        ActivationFunction.SOFTPLUS: (partial(functional.softplus, threshold=_LARGE), nn.Softplus),
        ActivationFunction.GELU_TANH: (
            partial(functional.gelu, approximate="tanh"),
            partial(nn.GELU, approximate="tanh"),
        ),
    },
)


def computed(layer: Activation, x: torch.Tensor, _: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`."""
    function = _FUNCTIONS[layer.function][0]
    return function(x) if layer.slope is None else function(x, layer.slope)


def idiomatic(layer: Activation, shape: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    module = _FUNCTIONS[layer.function][1]
    if layer.function is ActivationFunction.SOFTMAX:  # over the channels of images [b, c, h, w]
        return module(1 if len(shape) == 3 else -1)
    return module() if layer.slope is None else module(layer.slope)
