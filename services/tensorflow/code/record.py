"""One call of a Keras model, op by op: which layers run, in which order, and what they drop."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import tensorflow as tf
from keras.src.backend.common.symbolic_scope import in_symbolic_scope
from keras.src.layers.layer import Layer
from keras.src.layers.rnn.rnn import RNN
from twinrun.contract.traced import TracedDraw

from services.errors import Unsupported
from services.model import dropout
from services.tensorflow.code.layout import LAST, Layout, after

# Layers that are one for people, though Keras makes them of several.
WHOLE = (
    keras.layers.MultiHeadAttention,
    keras.layers.GroupQueryAttention,
    keras.layers.Bidirectional,
    keras.layers.TimeDistributed,
    keras.layers.SpectralNormalization,
    RNN,
)
CHANNELS_FIRST = "channels_first"


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A layer's call. ``number``: of this layer, from 0.

    ``given`` and ``options``: what it was given, by place and by name; ``whole``: all it returned.
    Tensors are its first input and output, with their layouts.
    """

    layer: Layer
    number: int
    taken: tf.Tensor
    made: tf.Tensor
    before: Layout
    layout: Layout
    options: Mapping[str, object]
    given: tuple[Any, ...]
    whole: Any


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """A call of dropout in ``layer``; ``shape`` of its mask as it is laid out, after the batch.

    ``traced``: as it is reported, but for the layer's path.
    """

    traced: TracedDraw
    layer: Layer | None
    layout: Layout
    shape: tuple[int, ...]

    def dropped(self, x: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """Return ``x`` where the canonical ``mask`` [batch, ...] keeps it, scaled."""
        laid = tf.reshape(self.layout.own(mask), [-1, *self.shape])
        rate = self.traced.rate
        return x * (tf.cast(laid, x.dtype) * (1 / (1 - rate) if rate < 1 else 0.0))


@dataclass(slots=True, eq=False)
class Recording:
    """What happened, in order; ``seed`` of the job, of whose first step the masks are.

    ``instead``: what a call returns in place of its output; None: that.
    """

    seed: int
    batch: int
    instead: Callable[[Call], tf.Tensor | None] = lambda _: None
    calls: list[Call] = field(default_factory=list)
    draws: list[Draw] = field(default_factory=list)
    _layouts: dict[int, Layout] = field(default_factory=dict)
    _kept: list[tf.Tensor] = field(default_factory=list)  # so that no identity is used again
    _running: list[Layer] = field(default_factory=list)

    def start(self, inputs: tf.Tensor, layout: Layout) -> None:
        """Say how the model's input is laid out."""
        self._note(inputs, layout)

    @contextlib.contextmanager
    def of_layers(self) -> Iterator[None]:
        """Record every layer that is called."""
        original = Layer.__call__

        def call(layer: Layer, *args: Any, **kwargs: Any) -> Any:
            outer = self._running[-1] if self._running else None
            if in_symbolic_scope() or isinstance(outer, WHOLE) or _symbolic(args, kwargs):
                return original(layer, *args, **kwargs)
            self._running.append(layer)
            try:
                made = original(layer, *args, **kwargs)
            finally:
                self._running.pop()
            return self._add(layer, args, kwargs, made)

        Layer.__call__ = call
        try:
            yield
        finally:
            Layer.__call__ = original

    def drop(self, x: tf.Tensor, rate: float, noise_shape: Sequence[int | None] | None) -> Any:
        """Drop by masks of the job's first step: a `patches.Dropout`."""
        layer = self._running[-1] if self._running else None
        if in_symbolic_scope():
            return x
        name = "dropout" if layer is None else layer.name
        if not tf.executing_eagerly():
            raise Unsupported(
                f"{name} drops within a function that TensorFlow maps or compiles by itself, where "
                "no mask can be given",
                field="code.tensorflow",
            )
        draw = self._draw(x, rate, noise_shape, layer)
        stream = self.seed, 0, len(self.draws)
        self.draws.append(draw)
        shape = draw.traced.shape
        mask = dropout.masks(rate, shape, stream=stream, first=0, samples=self.batch)
        return draw.dropped(x, tf.constant(mask))

    def _draw(
        self,
        x: tf.Tensor,
        rate: float,
        noise_shape: Sequence[int | None] | None,
        layer: Layer | None,
    ) -> Draw:
        own = [int(size) for size in x.shape]
        for axis, size in enumerate(noise_shape or ()):
            own[axis] = own[axis] if size is None else int(size)
        name = "dropout" if layer is None else layer.name
        if own[0] % self.batch:
            raise Unsupported(
                f"{name} drops from {tuple(x.shape)} with one mask for several samples, which "
                "no other framework's dropout can share",
                field="code.tensorflow",
            )
        layout = self._layouts.get(id(x), LAST)
        parts = own[0] // self.batch  # samples that were split into several rows
        shape = layout.shape(tuple(own[1:]))
        shape = shape if parts == 1 else (parts, *shape)
        return Draw(TracedDraw(name, rate, shape), layer, layout, tuple(own[1:]))

    def _add(
        self, layer: Layer, given: tuple[Any, ...], options: Mapping[str, object], whole: Any
    ) -> Any:
        """Note a call, and return what it returns."""
        taken, made = _first((given, options)), _first(whole)
        if taken is None or made is None or not tf.executing_eagerly():
            return whole
        before = self._layouts.get(id(taken), LAST)
        if getattr(layer, "data_format", None) == CHANNELS_FIRST:
            before = Layout(first=True)
        layout = after(layer, taken, made, before)
        self._kept.append(taken)
        self._note(made, layout)
        if is_leaf(layer) or own_weights(layer):
            number = sum(call.layer is layer for call in self.calls)
            call = Call(layer, number, taken, made, before, layout, options, given, whole)
            self.calls.append(call)
            returned = self.instead(call)
            if returned is not None:
                whole = _replaced(layer, whole, returned)
                self._note(_first(whole), layout)
        return whole

    def _note(self, tensor: tf.Tensor, layout: Layout) -> None:
        self._layouts[id(tensor)] = layout
        self._kept.append(tensor)


def _replaced(layer: Layer, made: Any, given: tf.Tensor) -> Any:
    """Return what a call has ``made``, with ``given`` for its first tensor, of the same shape.

    Gradients pass to what it stands for. The state of a recurrent layer goes with its output; a
    cell's own state and those of two directions do not.
    """
    first, *rest = tf.nest.flatten(made)
    if isinstance(layer, RNN) and rest:
        rest[0] = given[:, -1] if layer.return_sequences else given
    through = tf.custom_gradient(lambda _: (tf.identity(given), lambda slope: slope))
    return tf.nest.pack_sequence_as(made, [through(first), *rest])


def replay(draws: Sequence[Draw], masks: Sequence[tf.Tensor]) -> Callable[..., tf.Tensor]:
    """Return a `patches.Dropout` by ``masks``, for the same calls as were recorded."""
    left = iter(zip(draws, masks, strict=True))

    def drop(x: tf.Tensor, rate: float, _: Sequence[int | None] | None) -> tf.Tensor:
        if in_symbolic_scope():
            return x
        draw, mask = next(left, (None, None))
        if draw is None or draw.traced.rate != rate:
            raise Unsupported(
                "The model calls dropout in another order than before; its masks cannot be told "
                "apart",
                field="code.tensorflow",
            )
        return draw.dropped(x, mask)

    return drop


def is_leaf(layer: Layer) -> bool:
    """Return whether a layer is one by itself, and not made of others."""
    return isinstance(layer, WHOLE) or not (isinstance(layer, keras.Model) or parts(layer))


def own_weights(layer: Layer) -> list[Any]:
    """Return a layer's variables without those of the layers that it is made of."""
    inner = {id(variable) for part in parts(layer) for variable in part.weights}
    return [variable for variable in layer.weights if id(variable) not in inner]


def parts(layer: Layer) -> list[Layer]:
    """Return the layers that a layer is made of."""
    return list(layer._flatten_layers(include_self=False, recursive=False))  # noqa: SLF001 - the one list of them


def beside(model: keras.Model) -> list[tf.Variable]:
    """Return TensorFlow's own variables that layers hold; Keras does not count them as weights."""
    held = {id(v): v for layer in paths(model) for v in vars(layer).values() if _is_variable(v)}
    return [*held.values()]


def _is_variable(value: object) -> bool:
    return isinstance(value, tf.Variable)


def paths(model: keras.Model) -> dict[Layer, str]:
    """Return the path of each layer of a model, which is itself called nothing."""
    found: dict[Layer, str] = {}
    _walk(model, "", found)
    return found


def _walk(layer: Layer, path: str, found: dict[Layer, str]) -> None:
    if layer in found:
        return
    found[layer] = path
    if isinstance(layer, WHOLE):
        return
    for inner in parts(layer):
        name = f"{path}.{inner.name}" if path else inner.name
        taken = set(found.values())
        unique, number = name, 1
        while inner not in found and unique in taken:
            unique, number = f"{name}_{number}", number + 1
        _walk(inner, unique, found)


def _first(nested: Any) -> tf.Tensor | None:
    tensors = [each for each in tf.nest.flatten(nested) if tf.is_tensor(each)]
    return tensors[0] if tensors else None


def _symbolic(args: Any, kwargs: Any) -> bool:
    return any(map(keras.backend.is_keras_tensor, tf.nest.flatten((args, kwargs))))
