"""RmsNorm: divides the values of the last axis by their root mean square."""

import torch
from torch import nn
from torch.nn import functional
from twinrun.contract.layers import RmsNorm

from services.model import taken
from services.model.layers.parameter import Shape
from services.pytorch.layers.given import Given


def computed(layer: RmsNorm, x: torch.Tensor, given: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`."""
    return functional.rms_norm(x, x.shape[-1:], next(given.trained), layer.epsilon)


def idiomatic(layer: RmsNorm, shape: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    return nn.RMSNorm(shape[-1], **taken.epsilon(layer, "eps"))


def held(module: nn.RMSNorm) -> dict[str, torch.Tensor | None]:
    """Implement `services.pytorch.layers.Kind`."""
    return {"gamma": module.weight}
