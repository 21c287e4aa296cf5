"""PositionEmbedding: each position's row of a table is added."""

import torch
from torch import nn
from twinrun.contract.layers import PositionEmbedding

from services.model.layers.parameter import Shape
from services.pytorch.layers.given import Given


class Positions(nn.Embedding):  # type: ignore[misc] # PyTorch's is Any
    """As users write it: an embedding of the positions, added to what comes in."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.weight


def computed(_: PositionEmbedding, x: torch.Tensor, given: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`."""
    return x + next(given.trained)


def idiomatic(_: PositionEmbedding, shape: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    return Positions(*shape)


def held(module: Positions) -> dict[str, torch.Tensor | None]:
    """Implement `services.pytorch.layers.Kind`."""
    return {"table": module.weight}
