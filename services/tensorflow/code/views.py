"""Keras's own variables as canonical arrays, and back."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import keras
import numpy as np
import tensorflow as tf
from keras.src.layers.layer import Layer
from keras.src.layers.rnn.gru import GRUCell
from keras.src.layers.rnn.lstm import LSTMCell
from keras.src.layers.rnn.rnn import RNN
from numpy.typing import NDArray

from services.tensorflow.code import record
from services.tensorflow.code.layout import Layout
from services.tensorflow.code.record import Call, Recording

TRANSPOSED, CHANNELS_FIRST = "@transposed", "@channels_first"
_GATES = {LSTMCell: 4, GRUCell: 3}
_BY_ROWS = (
    keras.layers.Dense,
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A variable, or a row of one, as a canonical array.

    It is laid out as ``laid``, its axes are ordered as ``axes``, and it gets the shape ``shape``.
    """

    variable: keras.Variable
    laid: tuple[int, ...]
    axes: tuple[int, ...]
    shape: tuple[int, ...]
    row: int | None = None

    def read(self, own: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the canonical array in the whole variable's values."""
        part = own if self.row is None else own[self.row]
        return part.reshape(self.laid).transpose(self.axes).reshape(self.shape)

    def assign(self, array: NDArray[np.floating]) -> None:
        """Set the variable, or its row, to a canonical array."""
        moved = array.reshape([self.laid[axis] for axis in self.axes])
        own = moved.transpose(np.argsort(self.axes))
        if self.row is None:
            self.variable.assign(own.reshape(self.variable.shape))
            return
        whole = self.variable.numpy().copy()
        whole[self.row] = own.reshape(whole.shape[1:])
        self.variable.assign(whole)

    def numpy(self) -> NDArray[np.floating]:
        """Return a copy of its canonical array."""
        return np.array(self.read(self.variable.numpy()))

    def of(self, gradient: tf.Tensor) -> tf.Tensor:
        """Return its part of the variable's gradient, in the variable's layout."""
        return gradient if self.row is None else gradient[self.row]


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """A canonical array of a model. ``views`` by the suffix of its key; the first has none."""

    layer: str
    part: str
    trained: bool
    called: bool
    views: dict[str, View]
    tied_to: str = ""

    @property
    def key(self) -> str:
        return ".".join(filter(None, (self.layer, self.part)))

    @property
    def view(self) -> View:
        return self.views[""]


def tensors(model: keras.Model, recording: Recording) -> list[Tensor]:
    """Return the arrays of a model, in the order of their layers' first calls; unused ones last."""
    paths = record.paths(model)
    first = {call.layer: call for call in reversed(recording.calls)}
    called = list(dict.fromkeys(call.layer for call in recording.calls))
    trained = {id(variable) for variable in model.trainable_variables}
    found: list[Tensor] = []
    keys: dict[tuple[int, int | None], str] = {}
    for layer in dict.fromkeys([*(each for each in called if each in paths), *paths]):
        if isinstance(layer, keras.metrics.Metric):
            continue
        for part, view in _parts(layer):
            call = first.get(layer)
            tensor = Tensor(
                paths[layer],
                part,
                trained=id(view.variable) in trained,
                called=call is not None,
                views=_variants(layer, part, view, call, recording),
                tied_to=keys.get((id(view.variable), view.row), ""),
            )
            keys.setdefault((id(view.variable), view.row), tensor.key)
            found.append(tensor)
    return found


def _as_it_is(variable: keras.Variable) -> View:
    shape = tuple(variable.shape)
    return View(variable, shape, tuple(range(len(shape))), shape)


def _parts(layer: Layer) -> Iterator[tuple[str, View]]:
    if isinstance(layer, keras.layers.Embedding):
        yield "table", _as_it_is(layer.embeddings)
    elif isinstance(layer, keras.layers.MultiHeadAttention | keras.layers.GroupQueryAttention):
        yield from _of_attention(layer)
    elif isinstance(layer, keras.layers.Bidirectional):
        yield from _of_rnn(layer.forward_layer, "")
        yield from _of_rnn(layer.backward_layer, "backward.")
    elif isinstance(layer, RNN):
        yield from _of_rnn(layer, "")
    elif isinstance(layer, keras.layers.TimeDistributed):
        yield from _parts(layer.layer)
    elif record.is_leaf(layer):
        yield from _by_attributes(layer, layer.weights)
    else:
        yield from _by_attributes(layer, record.own_weights(layer))


def _of_attention(layer: Layer) -> Iterator[tuple[str, View]]:
    for name in ("query", "key", "value", "gate", "output"):
        inner = getattr(layer, f"_{name}_dense", None)
        if inner is None:
            continue
        yield f"{name}_kernel", _as_it_is(inner.kernel)
        if inner.bias is not None:
            yield f"{name}_bias", _as_it_is(inner.bias)


def _of_rnn(layer: RNN, direction: str) -> Iterator[tuple[str, View]]:
    cells = getattr(layer.cell, "cells", [layer.cell])
    for number, cell in enumerate(cells):
        prefix = f"{direction}layer{number}." if number else direction
        for part, view in _of_cell(cell):
            yield prefix + part, view


def _of_cell(cell: Layer) -> Iterator[tuple[str, View]]:
    gates = next((count for kind, count in _GATES.items() if isinstance(cell, kind)), None)
    if gates is None:
        yield from _by_attributes(cell, cell.weights)
        return
    width, units = cell.kernel.shape[0], cell.units
    for part, rows in (("kernel", width), ("recurrent_kernel", units)):
        shape = (rows, gates, units)
        yield part, View(getattr(cell, part), shape, (0, 1, 2), shape)
    if cell.bias is None:
        return
    bias = View(cell.bias, (gates, units), (0, 1), (gates, units))
    if len(cell.bias.shape) == 1:
        yield "bias", bias
        return
    yield "bias", replace(bias, row=0)
    yield "recurrent_bias", replace(bias, row=1)


def _by_attributes(layer: Layer, variables: list[keras.Variable]) -> Iterator[tuple[str, View]]:
    """Yield variables by the names of the attributes that hold them, or by their own."""
    held = {id(value): name.lstrip("_") for name, value in vars(layer).items()}
    taken: set[str] = set()
    for variable in variables:
        name = held.get(id(variable), variable.name)
        names = (_numbered(name, number) for number in range(len(variables)))
        unique = next(each for each in names if each not in taken)
        taken.add(unique)
        yield unique, _as_it_is(variable)


def _numbered(name: str, number: int) -> str:
    return f"{name}_{number}" if number else name


def _variants(
    layer: Layer, part: str, view: View, call: Call | None, recording: Recording
) -> dict[str, View]:
    """Return a tensor's views: as it is understood, and as it may be otherwise."""
    image = _image(view, call, recording)
    if image is not None and isinstance(layer, _BY_ROWS) and part != "bias":
        by_rows = _rows_of_channels_first(view, image.image)
        return {"": by_rows} if image.first else {"": view, CHANNELS_FIRST: by_rows}
    if len(view.shape) == 2 and not type(layer).__module__.startswith("keras."):
        return {"": view, TRANSPOSED: replace(view, axes=(1, 0), shape=view.shape[::-1])}
    return {"": view}


def _image(view: View, call: Call | None, recording: Recording) -> Layout | None:
    """Return the image from which the rows of a variable come, if they do."""
    if call is None or call.taken.shape.rank != 2 or not view.shape:
        return None
    rows = call.taken.shape[-1]
    if view.shape[0] != rows:
        return None
    if call.before.image:
        return call.before
    before = recording.calls[: recording.calls.index(call)]
    made = next((each for each in reversed(before) if each.made.shape.rank > 3), None)
    flattened = made is not None and math.prod(made.made.shape[1:]) == rows
    known = any(each.made is call.taken for each in before)
    if made is None or not flattened or known:
        return None
    return Layout(made.layout.first, tuple(made.made.shape[1:]))


def _rows_of_channels_first(view: View, image: tuple[int, ...]) -> View:
    """Return a view whose rows [channels, *window] become [*window, channels]."""
    rest = view.shape[1:]
    window = range(1, len(image))
    others = range(len(image), len(image) + len(rest))
    return replace(view, laid=(*image, *rest), axes=(*window, 0, *others))
