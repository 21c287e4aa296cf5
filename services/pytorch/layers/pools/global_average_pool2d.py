"""GlobalAveragePool2d: the mean of each channel of an image."""

import torch
from torch import nn
from twinrun.contract.layers import GlobalAveragePool2d as GlobalAveragePool2dSpec

from services.model.layers.parameter import Shape
from services.pytorch.layers.given import Given, holds_nothing

held = holds_nothing


class GlobalAveragePool2d(nn.Sequential):  # type: ignore[misc]
    """The pool of [batch, c, h, w] as users write it, with the values of a sample in a row."""

    def __init__(self) -> None:
        super().__init__(nn.AdaptiveAvgPool2d(1), nn.Flatten())


def computed(_: GlobalAveragePool2dSpec, x: torch.Tensor, __: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`."""
    return x.mean((1, 2))


def idiomatic(_: GlobalAveragePool2dSpec, __: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    return GlobalAveragePool2d()
