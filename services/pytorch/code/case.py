"""A call of a PyTorch layer as a program, with the arrays that it reads."""

import inspect
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional
from twinrun.contract.traced import TracedCase

from services.pytorch.code import layouts
from services.pytorch.code.layouts import Layout
from services.trial.case import Unwritten, Writer, no_array, program

_HEAD = """\
# Calls of layers of a PyTorch model, by themselves: {paths}. Run it where case.npz is.
import numpy as np
import torch

torch.set_default_dtype(torch.{dtype})
arrays = np.load("case.npz")
"""
_MODULE = """\
layer{n} = {layer}
names = {names}
layer{n}.load_state_dict(
    {{name: torch.from_numpy(arrays[f"pytorch.layer{n}.{{name}}"]) for name in names}}
)
layer{n}.{mode}()
"""
_HOLDERS = {"torch.nn.functional": functional, "torch": torch, "torch.Tensor": torch.Tensor}


class Program:
    """Calls as they are made. ``inputs``: what they are given of ``samples``, canonical."""

    def __init__(self, samples: int) -> None:
        self._samples = samples
        self._writer = Writer(_array)
        self._state: dict[str, NDArray[np.generic]] = {}
        self._lines, self._end, self._dtype, self._reason = "", "", "", ""
        self._paths: list[str] = []
        self.inputs: list[NDArray[np.generic]] = []

    @property
    def arrays(self) -> Mapping[str, NDArray[np.generic]]:
        """What it reads, by name."""
        return {**self._writer.arrays, **self._state}

    def module(
        self, path: str, module: nn.Module, args: Sequence[object], kwargs: Mapping[str, object]
    ) -> None:
        """Note a module's call before it is made."""
        n = len(self._paths)

        def lines() -> str:
            state = module.state_dict()
            self._state |= {f"layer{n}.{name}": _copy(value) for name, value in state.items()}
            mode = "train" if module.training else "eval"
            made = _MODULE.format(n=n, layer=constructed(module), names=[*state], mode=mode)
            return made + f"made{n} = {self._writer.call(f'layer{n}', args, kwargs)}\n"

        self._add(path, lines)

    def function(
        self, path: str, name: str, args: Sequence[object], kwargs: Mapping[str, object]
    ) -> None:
        """Note a function's call before it is made, by the name that it has in PyTorch."""

        def lines() -> str:
            place = next((text for text, own in _HOLDERS.items() if hasattr(own, name)), None)
            if place is None:
                raise Unwritten(f"{name} is no function of PyTorch's")
            call = self._writer.call(f"{place}.{name}", args, kwargs)
            return f"made{len(self._paths)} = {call}\n"

        self._add(path, lines)

    def _add(self, path: str, lines: Callable[[], str]) -> None:
        before = len(self._writer.given)
        try:
            self._lines += lines()
        except Unwritten as unwritten:
            self._reason = self._reason or str(unwritten)
        for tensor in self._writer.given[before:]:
            assert isinstance(tensor, torch.Tensor)  # noqa: S101 - as `_array` has it
            made = layouts.canonical(tensor, layouts.of(tensor), self._samples)
            if made.shape[:1] == (self._samples,) and not isinstance(tensor, nn.Parameter):
                self.inputs.append(_copy(made))
        self._paths.append(path)

    def returned(self, made: object, output: torch.Tensor) -> None:
        """Note what the last call ``made``, of which ``output`` is the first tensor."""
        last = f"made{len(self._paths) - 1}"
        name = last if made is output else f"{last}[0]"
        self._writer.name(output, name)
        self._dtype = str(output.dtype).removeprefix("torch.")
        self._end = f"made = {name}\n" + _canonical(output, layouts.of(output), self._samples)

    def traced(self) -> TracedCase:
        """Return the program."""
        if self._reason:
            return TracedCase("", self._reason)
        head = _HEAD.format(paths=", ".join(self._paths), dtype=self._dtype)
        for name in self._writer.arrays:
            head += f'{name} = torch.from_numpy(arrays["pytorch.{name}"])\n'
        return program("pytorch", head + self._lines + self._end)


def constructed(module: nn.Module) -> str:
    """Write what makes such a module, every argument by its name. Raises Unwritten."""
    own = (c for c in type(module).__mro__ if getattr(nn, c.__name__, None) is c)
    cls = next(own, nn.Module)
    holder = nn.RNNBase if issubclass(cls, nn.RNNBase) else cls
    known = [*inspect.signature(holder.__init__).parameters.values()][1:]
    names = [
        each.name for each in known if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    if cls is nn.RNN:
        names.append("nonlinearity")
    if issubclass(cls, nn.RNN | nn.GRU):
        names.remove("proj_size")
    values = {
        name: _value(module, name)
        for name in names
        if name not in ("mode", "device", "dtype") and not name.startswith("_")
    }
    return Writer(no_array).call(f"torch.nn.{cls.__name__}", (), values)


def _value(module: nn.Module, name: str) -> object:
    """Return the argument that a module was made with."""
    if isinstance(module, nn.MultiheadAttention) and name in ("bias", "add_bias_kv"):
        return (module.in_proj_bias if name == "bias" else module.bias_k) is not None
    try:
        value = getattr(module, name)
    except AttributeError:
        kind = type(module).__name__
        raise Unwritten(f"a {kind} does not say which {name} it was made with") from None
    if name == "bias":
        return value is not None and value is not False
    return tuple(value) if isinstance(value, torch.Size) else value


def _canonical(output: torch.Tensor, layout: Layout, samples: int) -> str:
    """Write what `services.pytorch.code.layouts.canonical` does."""
    text = ""
    if layout.order != layouts.plain(output.ndim).order:
        text += f"made = made.permute({layout.order})  # channels last\n"
    if layout.image:
        axes = len(layout.image)
        moved = f"unflatten(-1, {tuple(layout.image)}).movedim({-axes}, -1)"
        text += f"made = made.{moved}.flatten({-axes})  # channels last\n"
    first = output.shape[layout.order[0]]
    if output.ndim > 2 and first != samples and first % samples == 0:
        text += f"made = made.unflatten(0, ({samples}, -1))\n"
    return text + "made = made.detach().numpy()\n"


def _array(value: object) -> NDArray[np.generic] | None:
    return _copy(value) if isinstance(value, torch.Tensor) else None


def _copy(tensor: torch.Tensor) -> NDArray[np.generic]:
    copied: NDArray[np.generic] = np.array(tensor.detach().cpu().numpy(), order="C")
    return copied
