"""CustomDense: a dense layer as a user of PyTorch writes one."""

import torch
from torch import nn
from twinrun.contract.layers import CustomDense as CustomDenseSpec

from services.model.layers.parameter import Shape
from services.pytorch.layers.given import Given


class CustomDense(nn.Module):  # type: ignore[misc]
    """``x @ kernel + bias``, with normally distributed initial values of ``stddev``."""

    def __init__(self, inputs: int, units: int, stddev: float = 1.0) -> None:
        super().__init__()
        self.kernel = nn.Parameter(stddev * torch.randn(inputs, units))
        self.bias = nn.Parameter(stddev * torch.randn(units))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.matmul(x, self.kernel) + self.bias


def computed(_: CustomDenseSpec, x: torch.Tensor, given: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`: the same as a function of its parameters."""
    kernel, bias = next(given.trained), next(given.trained)
    return torch.matmul(x.to(given.products), kernel.to(given.products)).to(bias.dtype) + bias


def idiomatic(layer: CustomDenseSpec, shape: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    return CustomDense(shape[0], layer.units, layer.stddev)


def held(module: CustomDense) -> dict[str, torch.Tensor | None]:
    """Implement `services.pytorch.layers.Kind`."""
    return {"kernel": module.kernel, "bias": module.bias}
