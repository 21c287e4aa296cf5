"""Conv2dTranspose: a kernel [h, w, filters, in] that spreads each pixel of [batch, h, w, in]."""

import torch
from torch import nn
from torch.nn import functional
from twinrun.contract.layers import Conv2dTranspose

from services.model.layers.parameter import Shape
from services.model.layers.window import transposed
from services.pytorch.layers.axes import channels_first, channels_last
from services.pytorch.layers.given import Given


class CutConvTranspose2d(nn.ConvTranspose2d):  # type: ignore[misc] # PyTorch's is Any
    """A transposed convolution less the last ``rows`` and ``columns``, which no argument says."""

    def __init__(self, rows: int, columns: int, *given: object, **named: object) -> None:
        super().__init__(*given, **named)
        self.rows, self.columns = rows, columns

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made = super().forward(x)
        return made[..., : made.shape[2] - self.rows, : made.shape[3] - self.columns]


def computed(layer: Conv2dTranspose, x: torch.Tensor, given: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`."""
    kernel, bias = next(given.trained), next(given.trained) if layer.use_bias else None
    stride, before, more, less = _places(layer)
    laid = kernel.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
    product = functional.conv_transpose2d(
        channels_first(x).to(given.products), laid.to(given.products), None, stride, before, more
    )
    product = channels_last(product).to(kernel.dtype)
    product = product[:, : product.shape[1] - less[0], : product.shape[2] - less[1]]
    return product if bias is None else product + bias


def _places(layer: Conv2dTranspose) -> tuple[tuple[int, int], ...]:
    """Return stride, padding, output padding, and what is cut off after that, down and across."""
    axes = transposed(layer)
    after = [axis.before - axis.after for axis in axes]
    down, across = (
        (axis.stride, axis.before, max(more, 0), max(-more, 0))
        for axis, more in zip(axes, after, strict=True)
    )
    return tuple(zip(down, across, strict=True))


def idiomatic(layer: Conv2dTranspose, shape: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    stride, before, more, less = _places(layer)
    size = tuple(axis.size for axis in transposed(layer))
    given = shape[-1], layer.filters, size, stride, before, more
    if any(less):
        return CutConvTranspose2d(*less, *given, bias=layer.use_bias)
    return nn.ConvTranspose2d(*given, bias=layer.use_bias)


def held(module: nn.ConvTranspose2d) -> dict[str, torch.Tensor | None]:
    """Implement `services.pytorch.layers.Kind`."""
    return {"kernel": module.weight.permute(2, 3, 1, 0), "bias": module.bias}
