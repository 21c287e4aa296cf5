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

    def forward(self, x: torch.Tensor, counted: torch.Tensor | None = None) -> torch.Tensor:
        if counted is None:
            return x.max(1).values
        return or_zeros(x.masked_fill(~counted[..., None], -torch.inf).max(1).values, counted)


def computed(_: GlobalMaxPool1d, x: torch.Tensor, given: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`: of equal values the first counts."""
    if given.counted is not None:
        x = x.masked_fill(~given.counted[..., None], -torch.inf)
    found = functional.max_pool1d(x.transpose(1, 2), x.shape[1]).flatten(1)
    return found if given.counted is None else or_zeros(found, given.counted)


def or_zeros(found: torch.Tensor, counted: torch.Tensor) -> torch.Tensor:
    """Return what was ``found`` [batch, width], and zeros of a sample without ``counted`` steps."""
    return found.masked_fill(~counted.any(1, keepdim=True), 0)


def idiomatic(_: GlobalMaxPool1d, __: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    return Largest()
