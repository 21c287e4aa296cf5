"""Conv1d: a kernel [size, in / groups, filters] on each window of sequences [batch, time, in]."""

import torch
from torch import nn
from torch.nn import functional
from twinrun.contract.layers import Conv1d

from services.model.layers.parameter import Shape
from services.model.layers.window import along
from services.pytorch.layers.given import Given


class SequenceConv1d(nn.Conv1d):  # type: ignore[misc] # PyTorch's is Any
    """PyTorch's convolution of [batch, in, time], of [batch, time, in] with ``zeros`` around."""

    def __init__(self, zeros: tuple[int, int], *given: int, **named: object) -> None:
        super().__init__(*given, **named)
        self.zeros = zeros

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(functional.pad(x.transpose(1, 2), self.zeros)).transpose(1, 2)


def computed(layer: Conv1d, x: torch.Tensor, given: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`."""
    kernel, bias = next(given.trained), next(given.trained) if layer.use_bias else None
    axis = along(layer, x.shape[1])
    x = functional.pad(x.transpose(1, 2), (axis.before, axis.after)).to(given.products)
    laid = kernel.permute(2, 1, 0).to(given.products)
    product = functional.conv1d(x, laid, None, axis.stride, 0, layer.dilation, layer.groups)
    product = product.transpose(1, 2).to(kernel.dtype)
    return product if bias is None else product + bias


def idiomatic(layer: Conv1d, shape: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    axis = along(layer, shape[0])
    window, zeros = (axis.size, axis.stride), (axis.before, axis.after)
    given = {"dilation": layer.dilation, "groups": layer.groups, "bias": layer.use_bias}
    return SequenceConv1d(zeros, shape[-1], layer.filters, *window, **given)


def held(module: nn.Conv1d) -> dict[str, torch.Tensor | None]:
    """Implement `services.pytorch.layers.Kind`."""
    return {"kernel": module.weight.permute(2, 1, 0), "bias": module.bias}
