"""A module's own arrays as canonical ones, and back: reordered, put together, cut apart."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx

TRANSPOSED, CHANNELS_FIRST = "@transposed", "@channels_first"
Array = Any  # of JAX or NumPy
Path = tuple[Any, ...]
_LSTM = ("i", "f", "g", "o")


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Arrays of a model, in JAX or NumPy, as a canonical one of ``shape``.

    ``variables`` are the model's own; ``read`` makes it of their values, ``write`` those of it.
    """

    variables: tuple[Any, ...]
    shape: tuple[int, ...]
    read: Callable[..., Array]
    write: Callable[[Array], Sequence[Array]]

    @property
    def identity(self) -> tuple[int, ...]:
        """What two views of the same arrays have in common."""
        return tuple(map(id, self.variables))

    def then(
        self, read: Callable[[Array], Array], write: Callable[[Array], Array], shape: Sequence[int]
    ) -> "View":
        """Return the view whose array ``read`` makes of this one's, and ``write`` undoes."""
        return replace(
            self,
            shape=tuple(shape),
            read=lambda *own: read(self.read(*own)),
            write=lambda array: self.write(write(array)),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """A canonical array of a module. ``views`` by the suffix of its key; the first has none."""

    layer: str
    part: str
    views: Mapping[str, View]
    tied_to: str = ""

    @property
    def key(self) -> str:
        return ".".join(filter(None, (self.layer, self.part)))

    @property
    def view(self) -> View:
        return self.views[""]

    @property
    def trained(self) -> bool:
        return all(isinstance(each, nnx.Param) for each in self.view.variables)


Named = Iterator[tuple[str, View]]


def parts(module: nnx.Module) -> Named:
    """Yield the arrays of one layer by their canonical names; of the user's own, by its names."""
    make = next((make for kind, make in _PARTS.items() if isinstance(module, kind)), None)
    yield from _custom(module) if make is None else make(module)


def is_whole(module: nnx.Module) -> bool:
    """Return whether `parts` takes all of a module apart, and what is in it is no layer."""
    return isinstance(module, tuple(_PARTS))


def as_it_is(variable: Any) -> View:
    """Return an array as the model has it."""
    return View((variable,), tuple(variable.shape), lambda own: own, lambda array: [array])


def of_rows(view: View, image: tuple[int, ...]) -> View:
    """Return a view whose rows, flattened [channels, ...], become [..., channels].

    ``image``: the shape [channels, ...].
    """
    channels, *places = image
    rest = view.shape[1:]

    after, count = range(len(image), len(image) + len(rest)), len(places)

    def read(own: Array) -> Array:
        laid = own.reshape(*image, *rest).transpose(*range(1, count + 1), 0, *after)
        return laid.reshape(view.shape)

    def write(array: Array) -> Array:
        laid = array.reshape(*places, channels, *rest).transpose(count, *range(count), *after)
        return laid.reshape(view.shape)

    return view.then(read, write, view.shape)


def transposed(view: View) -> View:
    """Return a view of a matrix the other way round."""
    return view.then(lambda own: own.T, lambda array: array.T, view.shape[::-1])


def _reshaped(view: View, shape: Sequence[int]) -> View:
    before = view.shape
    return view.then(lambda own: own.reshape(shape), lambda array: array.reshape(before), shape)


def _given(part: str, variable: Any) -> Named:
    if variable is not None:
        yield part, as_it_is(variable)


def _custom(module: nnx.Module) -> Named:
    # Flax has them in alphabetical order; a bias comes after its kernel, as in layers.
    for name, held in sorted(vars(module).items(), key=lambda item: "bias" in item[0]):
        yield from ((part, as_it_is(each)) for part, each in _variables(name, held))


def _variables(name: str, held: Any) -> Iterator[tuple[str, Any]]:
    """Yield the arrays that a module holds itself, those in lists and dictionaries too."""
    if isinstance(held, nnx.Variable):
        if not isinstance(held, nnx.RngState) and jnp.issubdtype(held.dtype, jnp.floating):
            yield name, held
    elif isinstance(held, list | tuple | nnx.List):
        for number, each in enumerate(held):
            yield from _variables(f"{name}.{number}", each)
    elif isinstance(held, dict | nnx.Dict):
        for key, each in held.items():
            yield from _variables(f"{name}.{key}", each)


def _dense(module: Any) -> Named:
    yield from _given("kernel", module.kernel)
    yield from _given("bias", module.bias)


def _convolution(module: nnx.Conv) -> Named:
    """Yield [*window, in / groups, out]; of a depthwise one [*window, in, multiplier]."""
    kernel = as_it_is(module.kernel)
    if is_depthwise(module):
        *window, _, made = kernel.shape
        groups = module.feature_group_count
        kernel = _reshaped(kernel, (*window, groups, made // groups))
    yield "kernel", kernel
    yield from _given("bias", module.bias)


def is_depthwise(module: nnx.Conv) -> bool:
    """Return whether a convolution has kernels of one channel each."""
    return len(module.kernel_size) == 2 and module.feature_group_count == module.in_features > 1


def _transposed_convolution(module: nnx.ConvTranspose) -> Named:
    """Yield [*window, out, in]: what a convolution in the other direction would have."""
    kernel = as_it_is(module.kernel)
    if not module.transpose_kernel:
        *window, given, made = kernel.shape
        backwards = (slice(None, None, -1),) * len(window)

        def turned(array: Array) -> Array:
            return array[backwards].swapaxes(-1, -2)

        kernel = kernel.then(turned, turned, (*window, made, given))
    yield "kernel", kernel
    yield from _given("bias", module.bias)


def _embedding(module: nnx.Embed) -> Named:
    yield from _given("table", module.embedding)


def _norm(module: Any) -> Named:
    yield from _given("gamma", module.scale)
    yield from _given("beta", getattr(module, "bias", None))
    yield from _given("moving_mean", getattr(module, "mean", None))
    yield from _given("moving_variance", getattr(module, "var", None))


def _prelu(module: nnx.PReLU) -> Named:
    yield "alpha", _reshaped(as_it_is(module.negative_slope), (1,))


def _attention(module: nnx.MultiHeadAttention) -> Named:
    for name, inner in zip(
        ("query", "key", "value", "output"),
        (module.query, module.key, module.value, module.out),
        strict=True,
    ):
        yield f"{name}_kernel", as_it_is(inner.kernel)
        yield from _given(f"{name}_bias", inner.bias)
    for name in ("query", "key"):
        norm = getattr(module, f"{name}_ln", None)
        if norm is not None:
            yield from ((f"{name}_norm_{part}", view) for part, view in _norm(norm))


def _recurrent(module: nnx.RNN, prefix: str = "") -> Named:
    yield from ((prefix + part, view) for part, view in parts(module.cell))


def _both_directions(module: nnx.Bidirectional) -> Named:
    for rnn, prefix in ((module.forward_rnn, ""), (module.backward_rnn, "backward.")):
        yield from ((prefix + part, view) for part, view in parts(rnn))


def _gates(order: Sequence[int], module: Any) -> Named:
    """Yield [in, gates, units]; ``order``: which of the cell's own gates is each of them."""
    for part, inner in (("", module.dense_i), ("recurrent_", module.dense_h)):
        yield f"{part}kernel", _apart(inner.kernel, order)
        if inner.bias is not None:
            # Only in a GRU does it matter to which product one is added.
            name = f"{part}bias" if isinstance(module, nnx.GRUCell) else "bias"
            yield name, _apart(inner.bias, order)


def _apart(variable: Any, order: Sequence[int]) -> View:
    whole = as_it_is(variable)
    if len(order) == 1:
        return whole
    *before, wide = whole.shape
    laid = _reshaped(whole, (*before, len(order), wide // len(order)))
    back = sorted(range(len(order)), key=order.__getitem__)
    axis = len(before)
    return laid.then(
        lambda own: own.take(np.array(order), axis),
        lambda array: array.take(np.array(back), axis),
        laid.shape,
    )


def _separate_gates(module: nnx.LSTMCell) -> Named:
    for part, letter in (("", "i"), ("recurrent_", "h")):
        names = [f"{letter}{gate}" for gate in _LSTM]
        inner = [getattr(module, "if_" if name == "if" else name) for name in names]
        yield f"{part}kernel", _together([each.kernel for each in inner])
        if inner[0].bias is not None:
            yield "bias", _together([each.bias for each in inner])


def _together(variables: Sequence[Any]) -> View:
    *before, units = variables[0].shape
    axis = len(before)

    def write(array: Array) -> list[Array]:
        return [array.take(gate, axis) for gate in range(len(variables))]

    def read(*own: Array) -> Array:
        stack = np.stack if isinstance(own[0], np.ndarray) else jnp.stack
        return stack(own, axis)

    shape = (*before, len(variables), units)
    return View(tuple(variables), shape, read, write)


_PARTS: Mapping[type[nnx.Module], Callable[[Any], Named]] = {
    nnx.Linear: _dense,
    nnx.LinearGeneral: _dense,
    nnx.Einsum: _dense,
    nnx.Conv: _convolution,
    nnx.ConvTranspose: _transposed_convolution,
    nnx.Embed: _embedding,
    nnx.BatchNorm: _norm,
    nnx.LayerNorm: _norm,
    nnx.GroupNorm: _norm,
    nnx.RMSNorm: _norm,
    nnx.InstanceNorm: _norm,
    nnx.PReLU: _prelu,
    nnx.MultiHeadAttention: _attention,
    nnx.RNN: _recurrent,
    nnx.Bidirectional: _both_directions,
    nnx.OptimizedLSTMCell: partial(_gates, (0, 1, 2, 3)),
    nnx.LSTMCell: _separate_gates,
    nnx.GRUCell: partial(_gates, (1, 0, 2)),  # r, z, n: as z, r, h
    nnx.SimpleCell: partial(_gates, (0,)),
}


def flattened(rows: int, shape: Sequence[int]) -> bool:
    """Return whether so many rows are an image of ``shape``, flattened."""
    return len(shape) > 1 and math.prod(shape) == rows
