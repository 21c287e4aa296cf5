"""Conv2d: a kernel [size, size, in, filters] applied to each window of images [batch, h, w, in]."""

import torch
from torch import nn
from torch.nn import functional
from twinrun.contract.layers import Conv2d

from services.model.layers.parameter import Shape
from services.pytorch.layers.axes import channels_first, channels_last
from services.pytorch.layers.given import Given


def computed(layer: Conv2d, x: torch.Tensor, given: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`."""
    kernel, bias = next(given.trained), next(given.trained) if layer.use_bias else None
    # If images have one channel, the kernel's layout decides in which one PyTorch computes; with
    # channels last it took two thirds of the time, measured on CPUs.
    laid = kernel.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
    x = channels_first(x)
    how = layer.stride, layer.padding
    if given.products is kernel.dtype:
        return channels_last(functional.conv2d(x, laid, bias, *how))
    product = functional.conv2d(x.to(given.products), laid.to(given.products), None, *how)
    product = channels_last(product).to(kernel.dtype)
    return product if bias is None else product + bias


def idiomatic(layer: Conv2d, shape: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    window = layer.size, layer.stride, layer.padding
    return nn.Conv2d(shape[-1], layer.filters, *window, bias=layer.use_bias)


def held(module: nn.Conv2d) -> dict[str, torch.Tensor | None]:
    """Implement `services.pytorch.layers.Kind`."""
    return {"kernel": module.weight.permute(2, 3, 1, 0), "bias": module.bias}
