"""What a user's module keeps between calls besides its parameters: buffers, and other attributes.

Code may change them in place or bind them anew: ``self.mean = 0.9 * self.mean + 0.1 * x.mean(0)``.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from torch import nn

_OF_MODULES = frozenset(vars(nn.Module()))  # attributes that every module has


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
        back = [_held(value) for _, own in held for value in own.values()]
        yield
        with torch.no_grad():
            for tensor, value in zip(self.tensors, values, strict=True):
                tensor.copy_(value)
            for owner, name, tensor in self._buffers:
                setattr(owner, name, tensor)
            for owner, own in held:
                for name in _attributes(owner).keys() - own.keys():
                    delattr(owner, name)
                vars(owner).update(own)
            for put in back:
                put()


def _attributes(module: nn.Module) -> dict[str, object]:
    """Return what the code has set itself, such as a number that counts calls."""
    return {name: value for name, value in vars(module).items() if name not in _OF_MODULES}


def _held(value: object) -> Callable[[], None]:
    """Return what puts back into an object what it holds now."""
    if isinstance(value, torch.Tensor):
        return partial(_write, value, value.detach().clone())
    if isinstance(value, np.ndarray):
        return partial(np.copyto, value, value.copy())
    if isinstance(value, list | deque):
        return partial(_fill, value, [*value])
    if isinstance(value, dict):
        return partial(_gather, value, value.copy())
    if isinstance(value, set):
        return partial(_keep, value, frozenset(value))
    return lambda: None


def _write(tensor: torch.Tensor, numbers: torch.Tensor) -> None:
    if not torch.equal(tensor, numbers):  # some cannot be written to
        tensor.detach().copy_(numbers)


def _fill(held: list[object] | deque[object], items: Sequence[object]) -> None:
    held.clear()
    held.extend(items)


def _gather(held: dict[object, object], items: Mapping[object, object]) -> None:
    held.clear()
    held.update(items)


def _keep(held: set[object], members: frozenset[object]) -> None:
    held.clear()
    held.update(members)
