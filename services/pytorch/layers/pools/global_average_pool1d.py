"""GlobalAveragePool1d: the mean over the positions of a sequence."""

import torch
from torch import nn
from twinrun.contract.layers import GlobalAveragePool1d

from services.model.layers.parameter import Shape
from services.pytorch.layers.given import Given, holds_nothing

held = holds_nothing


class Mean(nn.Module):  # type: ignore[misc] # PyTorch's is Any
    """As users write it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(1)


def computed(_: GlobalAveragePool1d, x: torch.Tensor, __: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`."""
    return x.mean(1)


def idiomatic(_: GlobalAveragePool1d, __: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    return Mean()
