"""ZeroPadding2d: zeros around an image."""

import torch
from torch import nn
from torch.nn import functional
from twinrun.contract.layers import ZeroPadding2d

from services.model.layers.parameter import Shape
from services.model.layers.window import sides
from services.pytorch.layers.given import Given, holds_nothing

held = holds_nothing


def computed(layer: ZeroPadding2d, x: torch.Tensor, _: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`."""
    above, below, left, right = sides(layer)
    return functional.pad(x, (0, 0, left, right, above, below))


def idiomatic(layer: ZeroPadding2d, _: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    above, below, left, right = sides(layer)
    return nn.ZeroPad2d((left, right, above, below))
