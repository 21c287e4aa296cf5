"""UpSampling2d: an image of several times the height and width."""

import torch
from torch import nn
from torch.nn import functional
from twinrun.contract.enums import Interpolation
from twinrun.contract.layers import UpSampling2d

from services.model.layers.parameter import Shape
from services.pytorch.layers.axes import channels_first, channels_last
from services.pytorch.layers.given import Given, holds_nothing

held = holds_nothing


# Nearest by the pixels' centres, so that no index is a rounded product.
_MODES = {Interpolation.NEAREST: "nearest-exact", Interpolation.BILINEAR: "bilinear"}


def computed(layer: UpSampling2d, x: torch.Tensor, _: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`; PyTorch does not align corners by default."""
    mode = _MODES[layer.interpolation]
    x = channels_first(x)
    return channels_last(functional.interpolate(x, scale_factor=layer.factor, mode=mode))


def idiomatic(layer: UpSampling2d, _: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    return nn.Upsample(scale_factor=layer.factor, mode=layer.interpolation.value)
