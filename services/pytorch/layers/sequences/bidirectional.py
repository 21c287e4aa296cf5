"""Bidirectional: two recurrent layers, one of which reads the sequence from its end."""

from dataclasses import replace
from typing import assert_never

import torch
from torch import nn
from twinrun.contract.layers import Bidirectional, Gru, Lstm

from services.model.layers.parameter import Shape
from services.model.layers.sequences.bidirectional import WAYS
from services.pytorch.layers.given import Given
from services.pytorch.layers.sequences import gru, lstm


class BothWays(nn.Module):  # type: ignore[misc] # PyTorch's is Any
    """Two of a user's own modules."""

    def __init__(self, taken: int, units: int) -> None:
        super().__init__()
        self.ahead, self.back = (gru.ResetBefore(taken, units) for _ in WAYS)

    def forward(self, x: torch.Tensor, counted: torch.Tensor | None = None) -> torch.Tensor:
        turned = None if counted is None else counted.flip(1)
        return torch.cat([self.ahead(x, counted), self.back(x.flip(1), turned).flip(1)], -1)


def computed(layer: Bidirectional, x: torch.Tensor, given: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`."""
    ahead = _one_way(layer.kind, x, given)
    if given.counted is not None:
        given = replace(given, counted=given.counted.flip(1))
    return torch.cat([ahead, _one_way(layer.kind, x.flip(1), given).flip(1)], -1)


def _one_way(kind: Lstm | Gru, x: torch.Tensor, given: Given) -> torch.Tensor:
    match kind:
        case Lstm():
            return lstm.computed(kind, x, given)
        case Gru():
            return gru.computed(kind, x, given)
        case _:
            assert_never(kind)


def idiomatic(layer: Bidirectional, shape: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    match layer.kind:
        case Lstm(units):
            return lstm.Memory(shape[1], units, bidirectional=True)
        case Gru(units, reset_after=True):
            return gru.Gates(shape[1], units, bidirectional=True)
        case Gru(units):
            return BothWays(shape[1], units)
        case _:
            assert_never(layer.kind)


def held(module: lstm.Memory | gru.Gates | BothWays) -> dict[str, torch.Tensor | None]:
    """Implement `services.pytorch.layers.Kind`."""
    if isinstance(module, BothWays):
        each = [gru.held(module.ahead), gru.held(module.back)]
    else:
        of = lstm.held if isinstance(module, lstm.Memory) else gru.held
        each = [of(module, way) for way in ("", "_reverse")]
    both = zip(WAYS, each, strict=True)
    return {f"{way}.{part}": tensor for way, found in both for part, tensor in found.items()}
