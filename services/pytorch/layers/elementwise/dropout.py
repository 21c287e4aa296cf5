"""Dropout: in training, values become 0 as drawn by NumPy."""

from typing import assert_never

import torch
from torch import nn
from twinrun.contract.layers import Dropout, SpatialDropout2d

from services.model.dropout import scale
from services.model.layers.parameter import Shape
from services.pytorch.layers.given import Evaluating, Given, Training, holds_nothing

held = holds_nothing


def computed(layer: Dropout | SpatialDropout2d, x: torch.Tensor, given: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`."""
    match given:
        case Training():
            return x * (next(given.drawn).to(x.dtype) * scale(layer.rate))
        case Evaluating():
            return x
        case _:
            assert_never(given)


def idiomatic(layer: Dropout, _: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    return nn.Dropout(layer.rate)
