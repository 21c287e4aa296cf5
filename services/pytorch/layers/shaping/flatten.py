"""Flatten: all values of a sample in one row."""

import torch
from torch import nn
from twinrun.contract.layers import Flatten

from services.model.layers.parameter import Shape
from services.pytorch.layers.given import Given, holds_nothing

held = holds_nothing


def computed(_: Flatten, x: torch.Tensor, __: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`: in the order [h, w, c]."""
    return x.flatten(1)


def idiomatic(_: Flatten, __: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`: in PyTorch's order, [c, h, w]."""
    return nn.Flatten()
