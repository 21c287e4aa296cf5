"""GlobalMaxPool2d: the largest value of each channel of an image."""

import torch
from torch import nn
from torch.nn import functional
from twinrun.contract.layers import GlobalMaxPool2d as GlobalMaxPool2dSpec

from services.model.layers.parameter import Shape
from services.pytorch.layers.axes import channels_first
from services.pytorch.layers.given import Given, holds_nothing

held = holds_nothing


class GlobalMaxPool2d(nn.Sequential):  # type: ignore[misc]
    """The pool of [batch, c, h, w] as users write it, with the values of a sample in a row."""

    def __init__(self) -> None:
        super().__init__(nn.AdaptiveMaxPool2d(1), nn.Flatten())


def computed(_: GlobalMaxPool2dSpec, x: torch.Tensor, __: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`: of equal values the first counts."""
    return functional.max_pool2d(channels_first(x), tuple(x.shape[1:3])).flatten(1)


def idiomatic(_: GlobalMaxPool2dSpec, __: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    return GlobalMaxPool2d()
