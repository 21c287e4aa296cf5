"""GlobalAveragePool1d: the mean over the positions of a sequence."""

import torch
from torch import nn
from twinrun.contract.layers import GlobalAveragePool1d

from services.model.layers.parameter import Shape
from services.pytorch.layers.given import Given, holds_nothing

held = holds_nothing


class Mean(nn.Module):  # type: ignore[misc] # PyTorch's is Any
    """As users write it."""

    def forward(self, x: torch.Tensor, counted: torch.Tensor | None = None) -> torch.Tensor:
        return mean(x, counted)


def computed(_: GlobalAveragePool1d, x: torch.Tensor, given: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`."""
    return mean(x, given.counted)


def mean(x: torch.Tensor, counted: torch.Tensor | None) -> torch.Tensor:
    """Return the mean of the ``counted`` steps of ``x``; zeros if there is none."""
    if counted is None:
        return x.mean(1)
    steps = counted.sum(1, keepdim=True).clamp(min=1)
    return x.masked_fill(~counted[..., None], 0).sum(1) / steps


def idiomatic(_: GlobalAveragePool1d, __: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    return Mean()
