"""What a user's module keeps between calls besides its parameters: buffers, and other attributes.

Code may change them in place or bind them anew: ``self.mean = 0.9 * self.mean + 0.1 * x.mean(0)``.
"""

import copy
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

_OF_MODULES = frozenset(vars(nn.Module()))  # attributes that every module has
_NOTHING = object()


class State:
    """The state of ``module``. ``tensors``: its buffers, which stay the same ones."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._buffers = [
            (owner, name, tensor)
            for owner in module.modules()
            for name, tensor in owner.named_buffers(recurse=False)
        ]
        unique = {id(tensor): tensor for _, _, tensor in self._buffers}
        self.tensors: Sequence[torch.Tensor] = [*unique.values()]

    def settle(self) -> None:
        """Write what a call has bound anew into the buffers that were there first.

        One that still has a gradient stays: the next step back fails, as it does for users.
        """
        for owner, name, tensor in self._buffers:
            made = getattr(owner, name, None)
            if made is tensor or made is None or made.requires_grad or made.shape != tensor.shape:
                continue
            with torch.no_grad():
                tensor.copy_(made)
            setattr(owner, name, tensor)

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Enter what leaves the state as it was."""
        self.settle()
        values = [tensor.detach().clone() for tensor in self.tensors]
        held = [(owner, _attributes(owner)) for owner in self._module.modules()]
        back = [(owner, name, _held(value)) for owner, own in held for name, value in own.items()]
        yield
        with torch.no_grad():
            for tensor, value in zip(self.tensors, values, strict=True):
                tensor.copy_(value)
            for owner, name, tensor in self._buffers:
                setattr(owner, name, tensor)
            for owner, own in held:
                for name in _attributes(owner).keys() - own.keys():
                    delattr(owner, name)
            for owner, name, value in back:
                was = value()
                if vars(owner).get(name, _NOTHING) is not was:
                    setattr(owner, name, was)


def _attributes(module: nn.Module) -> dict[str, object]:
    """Return what the code has set itself, such as a number that counts calls."""
    return {name: value for name, value in vars(module).items() if name not in _OF_MODULES}


def _held(value: object) -> Callable[[], object]:
    """Return what gives the same object again, with what it holds now."""
    match value:
        case torch.Tensor():
            numbers = value.detach().clone()
            return lambda: value if torch.equal(value, numbers) else _copied(value, numbers)
        case np.ndarray():
            entries = value.copy()
            return lambda: _filled(value, entries)
        case list() | deque() | dict() | set():
            items = copy.copy(value)
            return lambda: _refilled(value, items)
        case _:
            return lambda: value


def _copied(tensor: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
    tensor.detach().copy_(numbers)
    return tensor


def _filled(array: NDArray[np.generic], entries: NDArray[np.generic]) -> NDArray[np.generic]:
    array[...] = entries
    return array


def _refilled(held: Any, items: Any) -> object:
    held.clear()
    (held.update if isinstance(held, dict | set) else held.extend)(items)
    return held
