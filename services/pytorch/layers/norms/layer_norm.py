"""LayerNorm: normalises the values of the last axis by their own mean and variance."""

import torch
from torch import nn
from torch.nn import functional
from twinrun.contract.layers import LayerNorm

from services.model import taken
from services.model.layers.parameter import Shape
from services.pytorch.layers.given import Given


def computed(layer: LayerNorm, x: torch.Tensor, given: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`."""
    gamma, beta = next(given.trained), next(given.trained)
    return functional.layer_norm(x, x.shape[-1:], gamma, beta, layer.epsilon)


def idiomatic(layer: LayerNorm, shape: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    return nn.LayerNorm(shape[-1], **taken.epsilon(layer, "eps"))


def held(module: nn.LayerNorm) -> dict[str, torch.Tensor | None]:
    """Implement `services.pytorch.layers.Kind`."""
    return {"gamma": module.weight, "beta": module.bias}
