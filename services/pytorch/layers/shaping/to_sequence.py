"""ToSequence: an image's pixels, one after the other."""

import torch
from torch import nn
from twinrun.contract.layers import ToSequence

from services.model.layers.parameter import Shape
from services.pytorch.layers.given import Given, holds_nothing

held = holds_nothing


class Pixels(nn.Module):  # type: ignore[misc] # PyTorch's is Any
    """As users write it: of [batch, c, h, w]."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(2).transpose(1, 2)


def computed(_: ToSequence, x: torch.Tensor, __: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`."""
    return x.flatten(1, 2)


def idiomatic(_: ToSequence, __: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    return Pixels()
