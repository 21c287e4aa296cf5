"""Modules that hold others, as users of PyTorch write them."""

from collections.abc import Iterable

import torch
from torch import nn


class Residual(nn.Module):  # type: ignore[misc]
    """``layers(x) + shortcut(x)``; a shortcut without modules is ``x`` itself."""

    def __init__(self, layers: nn.Sequential, shortcut: nn.Sequential) -> None:
        super().__init__()
        self.layers = layers
        self.shortcut = shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x) + self.shortcut(x)


class Concat(nn.Module):  # type: ignore[misc]
    """What ``branches`` make of x, side by side: images [batch, c, h, w] by their channels."""

    def __init__(self, branches: Iterable[nn.Sequential]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made = [branch(x) for branch in self.branches]
        return torch.cat(made, 1 if made[0].ndim == 4 else -1)
