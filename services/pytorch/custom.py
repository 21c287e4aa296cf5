"""A dense layer as a user of PyTorch writes one."""

import torch
from torch import nn


class CustomDense(nn.Module):  # type: ignore[misc]
    """``x @ kernel + bias``, both normally distributed at first, with ``stddev``."""

    def __init__(self, inputs: int, units: int, stddev: float = 1.0) -> None:
        super().__init__()
        self.kernel = nn.Parameter(stddev * torch.randn(inputs, units))
        self.bias = nn.Parameter(stddev * torch.randn(units))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.matmul(x, self.kernel) + self.bias


def dense(
    x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor, products: torch.dtype
) -> torch.Tensor:
    """The same as a function of its parameters; ``products``: as in `services.pytorch.model`."""
    return torch.matmul(x.to(products), kernel.to(products)).to(bias.dtype) + bias
