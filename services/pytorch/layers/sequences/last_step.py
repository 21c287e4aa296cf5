"""LastStep: the last position of a sequence."""

import torch
from torch import nn
from twinrun.contract.layers import LastStep

from services.model.layers.parameter import Shape
from services.pytorch.layers.given import Given, holds_nothing

held = holds_nothing


class Last(nn.Module):  # type: ignore[misc] # PyTorch's is Any
    """As users write it where a model needs the last position."""

    def forward(self, x: torch.Tensor, counted: torch.Tensor | None = None) -> torch.Tensor:
        return last(x, counted)


def computed(_: LastStep, x: torch.Tensor, given: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`."""
    return last(x, given.counted)


def last(x: torch.Tensor, counted: torch.Tensor | None) -> torch.Tensor:
    """Return the last of the ``counted`` steps of ``x``; zeros if there is none."""
    if counted is None:
        return x[:, -1]
    is_last = counted & (counted.flip(1).cumsum(1).flip(1) == 1)
    return x.masked_fill(~is_last[..., None], 0).sum(1)


def idiomatic(_layer: LastStep, _shape: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    return Last()
