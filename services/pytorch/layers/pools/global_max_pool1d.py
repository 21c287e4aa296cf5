"""GlobalMaxPool1d: the largest value over the positions of a sequence."""

import torch
from torch import nn
from torch.nn import functional
from twinrun.contract.layers import GlobalMaxPool1d

from services.model.layers.parameter import Shape
from services.pytorch.layers.given import Given, holds_nothing

held = holds_nothing


class Largest(nn.Module):  # type: ignore[misc] # PyTorch's is Any
    """As users write it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.max(1).values


def computed(_: GlobalMaxPool1d, x: torch.Tensor, __: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`: of equal values the first counts."""
    return functional.max_pool1d(x.transpose(1, 2), x.shape[1]).flatten(1)


def idiomatic(_: GlobalMaxPool1d, __: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    return Largest()
