"""Dense: ``x @ kernel + bias``."""

import torch
from torch import nn
from twinrun.contract.layers import Dense

from services.model.layers.parameter import Shape
from services.pytorch.layers.given import Given


def computed(layer: Dense, x: torch.Tensor, given: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`."""
    kernel, bias = next(given.trained), next(given.trained) if layer.use_bias else None
    return product(x, kernel, bias, given.products)


def product(
    x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None, products: torch.dtype
) -> torch.Tensor:
    """Return ``x`` [..., in] times ``kernel`` [in, out], plus ``bias`` [out] if there is one.

    ``products``: the dtype to which factors, and then the product, are rounded.
    """
    if bias is not None and products is kernel.dtype:  # one kernel for both
        if x.ndim == 2:
            return torch.addmm(bias, x, kernel)
        return torch.addmm(bias, x.flatten(0, -2), kernel).view(*x.shape[:-1], -1)
    made = (x.to(products) @ kernel.to(products)).to(kernel.dtype)
    return made if bias is None else made + bias


def idiomatic(layer: Dense, shape: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    return nn.Linear(shape[-1], layer.units, layer.use_bias)


def held(module: nn.Linear) -> dict[str, torch.Tensor | None]:
    """Implement `services.pytorch.layers.Kind`."""
    return {"kernel": module.weight.T, "bias": module.bias}
