"""Lstm: by PyTorch's kernel, which takes all positions at once."""

import torch
from torch import nn
from twinrun.contract.layers import Lstm

from services.model.layers.parameter import Shape
from services.pytorch.layers.given import Given
from services.pytorch.layers.sequences import padded


class Memory(nn.LSTM):  # type: ignore[misc] # PyTorch's is Any
    """As users write it: the outputs alone. Its second bias stays 0, and is no parameter."""

    def __init__(self, taken: int, units: int, *, bidirectional: bool = False) -> None:
        super().__init__(taken, units, batch_first=True, bidirectional=bidirectional)
        for name in [name for name, _ in self.named_parameters() if "bias_hh" in name]:
            delattr(self, name)
            self.register_buffer(name, torch.zeros(4 * units), persistent=False)
        self._init_flat_weights()

    def forward(self, x: torch.Tensor, counted: torch.Tensor | None = None) -> torch.Tensor:
        return padded.packed(x, counted, super().forward)


def computed(layer: Lstm, x: torch.Tensor, given: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`.

    Products of another dtype are taken one by one: the kernel would compute all in that dtype.
    """
    kernel, recurrent, bias = (next(given.trained) for _ in range(3))
    start = x.new_zeros(1, len(x), layer.units)
    arrays = [kernel.T, recurrent.T, bias, torch.zeros_like(bias)]

    def run(x: torch.Tensor) -> torch.Tensor:
        if given.products is not kernel.dtype:
            return _written(x, kernel, recurrent, bias, given.products)
        outputs: torch.Tensor = torch.lstm(
            x, [start, start], arrays, True, 1, 0.0, torch.is_grad_enabled(), False, True
        )[0]
        return outputs

    return padded.outputs(x, given.counted, run)


def _written(
    x: torch.Tensor,
    kernel: torch.Tensor,
    recurrent: torch.Tensor,
    bias: torch.Tensor,
    products: torch.dtype,
) -> torch.Tensor:
    taken = (x.to(products) @ kernel.to(products)).to(kernel.dtype) + bias
    recurrent = recurrent.to(products)
    h = c = x.new_zeros(len(x), len(recurrent))
    outputs = []
    for each in taken.unbind(1):
        i, f, g, o = (each + (h.to(products) @ recurrent).to(each.dtype)).chunk(4, dim=1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        outputs.append(h)
    return torch.stack(outputs, dim=1)


def idiomatic(layer: Lstm, shape: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    return Memory(shape[1], layer.units)


def held(module: Memory, way: str = "") -> dict[str, torch.Tensor | None]:
    """Implement `services.pytorch.layers.Kind`; ``way``: what PyTorch's names end in."""
    return {
        "kernel": getattr(module, f"weight_ih_l0{way}").T,
        "recurrent_kernel": getattr(module, f"weight_hh_l0{way}").T,
        "bias": getattr(module, f"bias_ih_l0{way}"),
    }
