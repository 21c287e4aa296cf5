"""Conv2d: a kernel [h, w, in / groups, filters] on each window of images [batch, h, w, in]."""

import torch
from torch import nn
from torch.nn import functional
from twinrun.contract.layers import Conv2d

from services.model.layers.parameter import Shape
from services.model.layers.window import Axis, axes
from services.pytorch.layers.axes import channels_first, channels_last
from services.pytorch.layers.given import Given


class PaddedConv2d(nn.Conv2d):  # type: ignore[misc]
    """A convolution with ``zeros`` [left, right, above, below] of its own around its images."""

    def __init__(self, zeros: tuple[int, ...], *given: object, **named: object) -> None:
        super().__init__(*given, **named)
        self.zeros = zeros

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(functional.pad(x, self.zeros))


def computed(layer: Conv2d, x: torch.Tensor, given: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`."""
    kernel, bias = next(given.trained), next(given.trained) if layer.use_bias else None
    down, across = axes(layer, tuple(x.shape[1:]))
    # If images have one channel, the kernel's layout decides in which one PyTorch computes; with
    # channels last it took two thirds of the time, measured on CPUs.
    layout = torch.contiguous_format if given.channels_first else torch.channels_last
    laid = kernel.permute(3, 2, 0, 1).contiguous(memory_format=layout)
    x = channels_first(x)
    x = x.contiguous() if given.channels_first else x
    if uneven(down, across):
        x, padding = functional.pad(x, zeros(down, across)), (0, 0)
    else:
        padding = (down.before, across.before)
    how = (down.stride, across.stride), padding, layer.dilation, layer.groups
    if given.products is kernel.dtype:
        return channels_last(functional.conv2d(x, laid, bias, *how))
    product = functional.conv2d(x.to(given.products), laid.to(given.products), None, *how)
    product = channels_last(product).to(kernel.dtype)
    return product if bias is None else product + bias


def uneven(down: Axis, across: Axis) -> bool:
    """Return whether there are more zeros on one side of an axis, which no kernel pads."""
    return down.before != down.after or across.before != across.after


def zeros(down: Axis, across: Axis) -> tuple[int, int, int, int]:
    """Return the zeros as `functional.pad` takes them: the last axis first."""
    return across.before, across.after, down.before, down.after


def idiomatic(layer: Conv2d, shape: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    down, across = axes(layer, shape)
    window = (down.size, across.size), (down.stride, across.stride)
    given = {"dilation": layer.dilation, "groups": layer.groups, "bias": layer.use_bias}
    if uneven(down, across):
        return PaddedConv2d(zeros(down, across), shape[-1], layer.filters, *window, **given)
    padding = (down.before, across.before)
    return nn.Conv2d(shape[-1], layer.filters, *window, padding, **given)


def held(module: nn.Conv2d) -> dict[str, torch.Tensor | None]:
    """Implement `services.pytorch.layers.Kind`."""
    return {"kernel": module.weight.permute(2, 3, 1, 0), "bias": module.bias}
