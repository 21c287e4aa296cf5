"""Embedding: each code's row of a table."""

import torch
from torch import nn
from torch.nn import functional
from twinrun.contract.layers import Embedding

from services.model.layers.parameter import Shape
from services.pytorch.layers.given import Given


def computed(_: Embedding, x: torch.Tensor, given: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`."""
    return functional.embedding(x, next(given.trained))


def idiomatic(layer: Embedding, _: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    return nn.Embedding(layer.codes, layer.width, layer.padding)


def held(module: nn.Embedding) -> dict[str, torch.Tensor | None]:
    """Implement `services.pytorch.layers.Kind`."""
    return {"table": module.weight}
