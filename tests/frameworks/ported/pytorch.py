"""What a module of PyTorch computes, for tests of the corpus."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray

from tests.builders.ports import Learned, Port, values


@contextmanager
def _float64() -> Iterator[None]:
    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(usual)


def learned(port: Port, build: Callable[[], torch.nn.Module], count: int) -> Learned:
    """Return what the module computes and learns from ``count`` samples."""
    with _float64():
        torch.manual_seed(0)
        model = build()
        initial = [_array(each) for each in model.parameters()]
        for each, value in zip(model.parameters(), values(initial), strict=True):
            each.data.copy_(torch.from_numpy(value))
        inputs = torch.from_numpy(port.samples(count)[0])
        if port.inputs == "images":
            inputs = inputs.permute(0, 3, 1, 2).contiguous()
        trained = _first(model.train()(inputs))
        parameters = [each for each in model.parameters() if each.requires_grad]
        gradients = torch.autograd.grad(trained.square().sum(), parameters, allow_unused=True)
        return Learned(
            paths=frozenset(path for path, _ in model.named_modules()),
            initial=initial,
            trained=_array(trained),
            gradients=[np.zeros(1) if each is None else _array(each) for each in gradients],
            statistics=[_array(each) for each in model.buffers() if each.is_floating_point()],
            evaluated=_array(_first(model.eval()(inputs))),
        )


def _first(made: torch.Tensor | tuple[torch.Tensor, ...]) -> torch.Tensor:
    return made[0] if isinstance(made, tuple) else made


def _array(tensor: torch.Tensor) -> NDArray[np.float64]:
    return tensor.detach().numpy().copy()
