"""A module's own tensors as canonical arrays, and back: transposed, reordered, cut apart."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import EllipsisType
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.utils import parametrize

Values = NDArray[np.generic]
View = Callable[[Values], Values]
Images = Mapping[int, tuple[int, ...]]  # from a tensor's id: what its first axis is a flattened of

Recurrent: TypeAlias = nn.RNNBase | nn.RNNCellBase
Classes = type[nn.Module] | tuple[type[nn.Module], ...]

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
OF_TWO_BIASES = (nn.LSTM, nn.LSTMCell, nn.RNN, nn.RNNCell)
INSTANCE_NORMS = (nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d)


@dataclass(frozen=True, slots=True)
class Array:
    """One canonical array. ``view`` makes it of ``only`` some rows of a module's own ``tensor``.

    ``second`` is added to it when it is read. ``image`` [c, ...]: what its first axis flattens.
    """

    part: str
    tensor: torch.Tensor
    view: View
    only: slice | EllipsisType = ...  # which fits a scalar, too
    second: torch.Tensor | None = None
    layer: str = ""
    image: tuple[int, ...] = ()
    tied_to: str = ""

    @property
    def key(self) -> str:
        return f"{self.layer}.{self.part}" if self.layer else self.part

    @property
    def variants(self) -> tuple[str, ...]:
        """The suffixes of the other layouts that it may have."""
        flags = np.empty(self.tensor.shape, np.bool_)
        flat = self.view(flags[self.only]).ndim == 2 and not self.part.endswith("bias")
        return ("@channels_first",) * bool(self.image) + ("@transposed",) * flat

    def variant(self, suffix: str) -> "Array":
        """Return it in another layout; none: as it is. Raises KeyError."""
        if not suffix:
            return self
        if suffix not in self.variants:
            raise KeyError(suffix)
        view, image = self.view, self.image
        if suffix == "@channels_first":
            return replace(self, view=lambda values: _first(view(values), image))
        return replace(self, view=lambda values: view(values).T)

    def read(self, given: torch.Tensor | None = None) -> NDArray[np.floating]:
        """Return the values now; or of a tensor like it, such as its gradient."""
        tensor = self.tensor if given is None else given
        values = tensor.detach().cpu().numpy()
        if self.second is not None and given is None:
            values = values + self.second.detach().cpu().numpy()
        return np.array(self.view(values[self.only]), order="C")

    def write(self, values: NDArray[np.floating]) -> None:
        """Set the values."""
        places = self.view(_places(self.tensor)[self.only])
        own = self.tensor.detach().cpu().numpy().copy()
        own.reshape(-1)[places.ravel()] = values.ravel()
        with torch.no_grad():
            self.tensor.copy_(torch.from_numpy(own))
            if self.second is not None:
                self.second.zero_()


def _places(tensor: torch.Tensor) -> NDArray[np.int64]:
    return np.arange(tensor.numel()).reshape(tensor.shape)


def of(module: nn.Module, images: Images, columns: Images) -> list[Array]:
    """Return all arrays of a model, in the order of its modules; the same one twice is tied.

    ``images`` and ``columns``: of whose first and last axis is an image.
    """
    seen: dict[tuple[int, str], str] = {}
    found = []
    within: list[nn.Module] = []  # what belongs to a module above
    for path, part in module.named_modules():
        if any(part is each for each in within):
            continue
        make = parts_of(part)
        if make is not None:
            within += list(part.modules())[1:]
        for array in _custom(part) if make is None else make(part):
            where = id(array.tensor), str(array.only)
            placed = replace(array, layer=path, tied_to=seen.get(where, ""))
            found.append(_of_columns(_on_images(placed, images), columns))
            seen.setdefault(where, placed.key)
    return found


def parts_of(module: nn.Module) -> Callable[[nn.Module], Iterator[Array]] | None:
    """Return what takes a module of PyTorch's own apart; None: it is not known."""
    if parametrize.is_parametrized(module):  # whose weights are computed from others
        return None
    return next((make for kind, make in _PARTS.items() if isinstance(module, kind)), None)


def _on_images(array: Array, images: Images) -> Array:
    image = images.get(id(array.tensor), ())
    if not image:
        return array
    view = array.view
    if view(array.tensor.detach().cpu().numpy()[array.only]).shape[0] != math.prod(image):
        return _of_columns(array, images)  # a kernel [out, in] of the user's own
    return replace(array, image=image, view=lambda values: _last(view(values), image))


def _of_columns(array: Array, columns: Images) -> Array:
    image = columns.get(id(array.tensor), ())
    if not image:
        return array
    view = array.view
    return replace(array, view=lambda values: _last(view(values).T, image).T)


def _last(values: Values, image: Sequence[int]) -> Values:
    """Reorder the first axis: from an image [c, ...] to one [..., c]."""
    return np.moveaxis(values.reshape(*image, *values.shape[1:]), 0, len(image) - 1).reshape(
        values.shape
    )


def _first(values: Values, image: Sequence[int]) -> Values:
    """Undo `_last`."""
    channels, *places = image
    laid = values.reshape(*places, channels, *values.shape[1:])
    return np.moveaxis(laid, len(places), 0).reshape(values.shape)


def _as_it_is(values: Values) -> Values:
    return values


def _given(part: str, tensor: torch.Tensor | None, view: View = _as_it_is) -> Iterator[Array]:
    if tensor is not None:
        yield Array(part, tensor, view)


def _custom(module: nn.Module) -> Iterator[Array]:
    """Yield what a module of unknown class holds itself; buffers of whole numbers do not train."""
    for held in (module.named_parameters(recurse=False), module.named_buffers(recurse=False)):
        for name, tensor in held:
            if tensor.is_floating_point():
                yield Array(name, tensor, _as_it_is)


def _dense(module: nn.Linear) -> Iterator[Array]:
    yield Array("kernel", module.weight, np.transpose)
    yield from _given("bias", module.bias)


def is_depthwise(module: nn.Module) -> bool:
    """Return whether a convolution has kernels of one channel each."""
    return isinstance(module, nn.Conv2d) and module.groups == module.in_channels > 1


def _convolution(module: nn.Conv2d) -> Iterator[Array]:
    """Yield [*window, in, out]; of a transposed one [*window, out, in]."""

    def view(values: Values) -> Values:
        return np.moveaxis(values, (0, 1), (-1, -2))

    def depthwise(values: Values) -> Values:
        channels, window = module.in_channels, values.shape[2:]
        return np.moveaxis(values.reshape(channels, -1, *window), (0, 1), (-2, -1))

    yield Array("kernel", module.weight, depthwise if is_depthwise(module) else view)
    yield from _given("bias", module.bias)


def _batch_norm(module: nn.BatchNorm2d | nn.InstanceNorm2d) -> Iterator[Array]:
    yield from _given("gamma", module.weight)
    yield from _given("beta", module.bias)
    yield from _given("moving_mean", module.running_mean)
    yield from _given("moving_variance", module.running_var)


def _norm(module: nn.LayerNorm | nn.GroupNorm) -> Iterator[Array]:
    yield from _given("gamma", module.weight)
    yield from _given("beta", getattr(module, "bias", None))


def _embedding(module: nn.Embedding) -> Iterator[Array]:
    yield Array("table", module.weight, _as_it_is)


def _prelu(module: nn.PReLU) -> Iterator[Array]:
    yield Array("alpha", module.weight, _as_it_is)


def _recurrent(gates: Sequence[int], module: Recurrent) -> Iterator[Array]:
    """Yield [in, gates, units]: PyTorch's gates in the order given. Only a GRU needs two biases."""
    count = len(gates)

    def apart(values: Values) -> Values:
        values = values.reshape(count, -1, *values.shape[1:])[list(gates)]
        return values[0] if count == 1 else values

    def kernel(values: Values) -> Values:
        return np.moveaxis(apart(values), -1, 0)

    for suffix, prefix in directions(module):
        held = {name: getattr(module, f"{name}{suffix}", None) for name in _RECURRENT}
        first, second = held["bias_ih"], held["bias_hh"]
        yield from _given(f"{prefix}kernel", held["weight_ih"], kernel)
        yield from _given(f"{prefix}recurrent_kernel", held["weight_hh"], kernel)
        if isinstance(module, nn.GRU | nn.GRUCell):
            yield from _given(f"{prefix}bias", first, apart)
            yield from _given(f"{prefix}recurrent_bias", second, apart)
        elif first is not None:
            yield Array(f"{prefix}bias", first, apart, second=second)
        projected = getattr(module, f"weight_hr{suffix}", None)
        yield from _given(f"{prefix}projection_kernel", projected, np.transpose)


_RECURRENT = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def directions(module: Recurrent) -> Iterator[tuple[str, str]]:
    """Yield PyTorch's suffix and the canonical prefix of each layer and direction."""
    if isinstance(module, nn.RNNCellBase):
        yield "", ""
        return
    for layer in range(module.num_layers):
        for reverse in range(1 + module.bidirectional):
            prefix = f"layer{layer}." * bool(layer) + "backward." * reverse
            yield f"_l{layer}" + "_reverse" * reverse, prefix


def _attention(module: nn.MultiheadAttention) -> Iterator[Array]:
    heads, width = module.num_heads, module.embed_dim

    def kernel(values: Values) -> Values:
        return values.T.reshape(-1, heads, width // heads)

    def bias(values: Values) -> Values:
        return values.reshape(heads, -1)

    packed, separate = module.in_proj_weight, ("q_proj_weight", "k_proj_weight", "v_proj_weight")
    for index, (name, own) in enumerate(zip(("query", "key", "value"), separate, strict=True)):
        rows = slice(index * width, (index + 1) * width)
        if packed is None:
            yield Array(f"{name}_kernel", getattr(module, own), kernel)
        else:
            yield Array(f"{name}_kernel", packed, kernel, rows)
        if module.in_proj_bias is not None:
            yield Array(f"{name}_bias", module.in_proj_bias, bias, rows)
    yield Array(
        "output_kernel", module.out_proj.weight, lambda v: v.T.reshape(heads, -1, v.shape[0])
    )
    yield from _given("output_bias", module.out_proj.bias)
    yield from _given("key_extra", module.bias_k)
    yield from _given("value_extra", module.bias_v)


_PARTS: Mapping[Classes, Callable[..., Iterator[Array]]] = {
    nn.Linear: _dense,
    CONVOLUTIONS + TRANSPOSED: _convolution,
    BATCH_NORMS + INSTANCE_NORMS: _batch_norm,
    nn.LayerNorm: _norm,
    nn.GroupNorm: _norm,
    nn.RMSNorm: _norm,
    nn.Embedding: _embedding,
    nn.EmbeddingBag: _embedding,
    nn.PReLU: _prelu,
    (nn.LSTM, nn.LSTMCell): partial(_recurrent, (0, 1, 2, 3)),
    (nn.GRU, nn.GRUCell): partial(_recurrent, (1, 0, 2)),  # r, z, n: as z, r, h
    (nn.RNN, nn.RNNCell): partial(_recurrent, (0,)),
    nn.MultiheadAttention: _attention,
}


def named(arrays: Sequence[Array], key: str) -> Array:
    """Return the array of a key, which may end in a variant. Raises KeyError."""
    plain, mark, suffix = key.partition("@")
    return {array.key: array for array in arrays}[plain].variant(mark + suffix)
