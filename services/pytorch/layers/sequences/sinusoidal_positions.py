"""SinusoidalPositions: sines and cosines of the position are added."""

import torch
from torch import nn
from twinrun.contract.layers import SinusoidalPositions

from services.model.layers.parameter import Shape
from services.model.waves import table
from services.pytorch.layers.given import Given, holds_nothing

held = holds_nothing


class Waves(nn.Module):  # type: ignore[misc] # PyTorch's is Any
    """As users write it: a buffer that is added and not saved."""

    def __init__(self, time: int, width: int) -> None:
        super().__init__()
        self.register_buffer("waves", torch.from_numpy(table(time, width)), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.waves.to(x.dtype)


def computed(_: SinusoidalPositions, x: torch.Tensor, __: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`."""
    time, width = x.shape[1:]
    return x + torch.as_tensor(table(time, width), dtype=x.dtype, device=x.device)


def idiomatic(_: SinusoidalPositions, shape: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    time, width = shape
    return Waves(time, width)
