"""GroupNorm: normalises groups of an image's channels by their own mean and variance."""

import torch
from torch import nn
from torch.nn import functional
from twinrun.contract.layers import GroupNorm

from services.model import taken
from services.model.layers.parameter import Shape
from services.pytorch.layers.axes import channels_first, channels_last
from services.pytorch.layers.given import Given


def computed(layer: GroupNorm, x: torch.Tensor, given: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`."""
    gamma, beta = next(given.trained), next(given.trained)
    x = channels_first(x)
    return channels_last(functional.group_norm(x, layer.groups, gamma, beta, layer.epsilon))


def idiomatic(layer: GroupNorm, shape: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    return nn.GroupNorm(layer.groups, shape[-1], **taken.epsilon(layer, "eps"))


def held(module: nn.GroupNorm) -> dict[str, torch.Tensor | None]:
    """Implement `services.pytorch.layers.Kind`."""
    return {"gamma": module.weight, "beta": module.bias}
