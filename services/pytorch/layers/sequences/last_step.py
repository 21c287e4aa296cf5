"""LastStep: the last position of a sequence."""

import torch
from torch import nn
from twinrun.contract.layers import LastStep

from services.model.layers.parameter import Shape
from services.pytorch.layers.given import Given, holds_nothing

held = holds_nothing


class Last(nn.Module):  # type: ignore[misc] # PyTorch's is Any
    """As users write it where a model needs the last position."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, -1]


def computed(_layer: LastStep, x: torch.Tensor, _given: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`."""
    return x[:, -1]


def idiomatic(_layer: LastStep, _shape: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    return Last()
