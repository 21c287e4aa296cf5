"""MaxPool2d: the largest value of each channel in each window of an image."""

import torch
from torch import nn
from torch.nn import functional
from twinrun.contract.layers import MaxPool2d

from services.model.layers.parameter import Shape
from services.pytorch.layers.axes import channels_first, channels_last
from services.pytorch.layers.given import Given, holds_nothing

held = holds_nothing


def computed(layer: MaxPool2d, x: torch.Tensor, _: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`."""
    return channels_last(functional.max_pool2d(channels_first(x), layer.size, layer.stride))


def idiomatic(layer: MaxPool2d, _: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    return nn.MaxPool2d(layer.size, layer.stride)
