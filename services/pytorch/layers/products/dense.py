"""Dense: ``x @ kernel + bias``."""

import torch
from torch import nn
from twinrun.contract.layers import Dense

from services.model.layers.parameter import Shape
from services.pytorch.layers.given import Given


def computed(layer: Dense, x: torch.Tensor, given: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`."""
    kernel, bias = next(given.trained), next(given.trained) if layer.use_bias else None
    if given.products is kernel.dtype and bias is not None and x.ndim == 2:
        return torch.addmm(bias, x, kernel)
    product = (x.to(given.products) @ kernel.to(given.products)).to(kernel.dtype)
    return product if bias is None else product + bias


def idiomatic(layer: Dense, shape: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    return nn.Linear(shape[-1], layer.units, layer.use_bias)


def held(module: nn.Linear) -> dict[str, torch.Tensor | None]:
    """Implement `services.pytorch.layers.Kind`."""
    return {"kernel": module.weight.T, "bias": module.bias}
