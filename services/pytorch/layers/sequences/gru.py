"""Gru: by PyTorch's kernel, which takes all positions at once, or written out."""

import torch
from torch import nn
from twinrun.contract.layers import Gru

from services.model.layers.parameter import Shape
from services.pytorch.layers.given import Given
from services.pytorch.layers.sequences import padded


class Gates(nn.GRU):  # type: ignore[misc] # PyTorch's is Any
    """As users write it: the outputs alone."""

    def __init__(self, taken: int, units: int, *, bidirectional: bool = False) -> None:
        super().__init__(taken, units, batch_first=True, bidirectional=bidirectional)

    def forward(self, x: torch.Tensor, counted: torch.Tensor | None = None) -> torch.Tensor:
        return padded.packed(x, counted, super().forward)


class ResetBefore(nn.GRU):  # type: ignore[misc] # PyTorch's is Any
    """What PyTorch has no kernel for, as its users write it: a loop. It has no second bias."""

    def __init__(self, taken: int, units: int) -> None:
        super().__init__(taken, units, batch_first=True)
        del self.bias_hh_l0

    def forward(self, x: torch.Tensor, counted: torch.Tensor | None = None) -> torch.Tensor:
        taken = x @ self.weight_ih_l0.T + self.bias_ih_l0
        return padded.outputs(taken, counted, self._written)

    def _written(self, taken: torch.Tensor) -> torch.Tensor:
        return written(taken, self.weight_hh_l0.T, None, taken.dtype)


def computed(layer: Gru, x: torch.Tensor, given: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`.

    Products of another dtype are taken one by one: the kernel would compute all in that dtype.
    """
    kernel, recurrent, bias = (next(given.trained) for _ in range(3))
    recurrent_bias = next(given.trained) if layer.reset_after else None

    def run(x: torch.Tensor) -> torch.Tensor:
        if recurrent_bias is None or given.products is not kernel.dtype:
            taken = (x.to(given.products) @ kernel.to(given.products)).to(kernel.dtype) + bias
            return written(taken, recurrent, recurrent_bias, given.products)
        start = x.new_zeros(1, len(x), layer.units)
        arrays = [kernel.T, recurrent.T, bias, recurrent_bias]
        outputs: torch.Tensor = torch.gru(
            x, start, arrays, True, 1, 0.0, torch.is_grad_enabled(), False, True
        )[0]
        return outputs

    return padded.outputs(x, given.counted, run)


def written(
    taken: torch.Tensor,
    recurrent: torch.Tensor,
    recurrent_bias: torch.Tensor | None,
    products: torch.dtype,
) -> torch.Tensor:
    """Return the outputs [batch, time, units] by the formula, in plain operations.

    ``taken``: the products with the input, plus the bias. Without a ``recurrent_bias`` the reset
    gate comes before the product with the outputs.
    """
    units, recurrent = len(recurrent), recurrent.to(products)
    of_gates, of_new = recurrent.split([2 * units, units], dim=1)
    h = taken.new_zeros(len(taken), units)
    outputs = []
    for each in taken.unbind(1):
        gates, new = each.split([2 * units, units], dim=1)
        if recurrent_bias is None:
            r, z = (gates + (h.to(products) @ of_gates).to(each.dtype)).sigmoid().chunk(2, dim=1)
            n = (new + ((r * h).to(products) @ of_new).to(each.dtype)).tanh()
        else:
            of_h = (h.to(products) @ recurrent).to(each.dtype) + recurrent_bias
            by_h, new_by_h = of_h.split([2 * units, units], dim=1)
            r, z = (gates + by_h).sigmoid().chunk(2, dim=1)
            n = (new + r * new_by_h).tanh()
        h = (1 - z) * n + z * h
        outputs.append(h)
    return torch.stack(outputs, dim=1)


def idiomatic(layer: Gru, shape: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    return (Gates if layer.reset_after else ResetBefore)(shape[1], layer.units)


def held(module: nn.GRU, way: str = "") -> dict[str, torch.Tensor | None]:
    """Implement `services.pytorch.layers.Kind`; ``way``: what PyTorch's names end in."""
    found: dict[str, torch.Tensor | None] = {
        "kernel": getattr(module, f"weight_ih_l0{way}").T,
        "recurrent_kernel": getattr(module, f"weight_hh_l0{way}").T,
        "bias": getattr(module, f"bias_ih_l0{way}"),
    }
    if isinstance(module, Gates):
        found["recurrent_bias"] = getattr(module, f"bias_hh_l0{way}")
    return found
