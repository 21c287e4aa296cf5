"""Modules that hold others, as users of PyTorch write them."""

from collections.abc import Iterable
from inspect import signature

import torch
from torch import nn


class Residual(nn.Module):  # type: ignore[misc]
    """``layers(x) + shortcut(x)``; a shortcut without modules is ``x`` itself."""

    def __init__(self, layers: nn.Sequential, shortcut: nn.Sequential) -> None:
        super().__init__()
        self.layers = layers
        self.shortcut = shortcut

    def forward(self, x: torch.Tensor, *counted: torch.Tensor) -> torch.Tensor:
        return self.layers(x, *counted) + self.shortcut(x, *counted)


class Concat(nn.Module):  # type: ignore[misc]
    """What ``branches`` make of x, side by side: images [batch, c, h, w] by their channels."""

    def __init__(self, branches: Iterable[nn.Sequential]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: torch.Tensor, *counted: torch.Tensor) -> torch.Tensor:
        made = [branch(x, *counted) for branch in self.branches]
        return torch.cat(made, 1 if made[0].ndim == 4 else -1)


class Masked(nn.Sequential):  # type: ignore[misc] # PyTorch's is Any
    """Modules of sequences, some of which are also given which steps are ``counted``.

    The first ones of a model are given codes [batch, time], of which ``padding`` does not count.
    """

    def __init__(self, *modules: nn.Module, padding: int | None = None) -> None:
        super().__init__(*modules)
        self._told = ["counted" in signature(module.forward).parameters for module in modules]
        self._padding = padding

    def forward(self, x: torch.Tensor, counted: torch.Tensor | None = None) -> torch.Tensor:
        if counted is None:
            counted = x != self._padding
        for module, told in zip(self, self._told, strict=True):
            x = module(x, counted) if told else module(x)
        return x
