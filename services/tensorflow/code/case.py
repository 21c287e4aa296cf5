"""A call of a Keras layer as a program, with the arrays that it reads."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.layers.layer import Layer
from numpy.typing import NDArray
from twinrun.contract.traced import TracedCase

from services.tensorflow.code.layout import Layout
from services.tensorflow.code.record import Call
from services.trial.case import Unwritten, Writer, joined, no_array, program

_HEAD = """\
# Calls of layers of a Keras model, by themselves: {paths}. Run it where case.npz is.
import keras
import numpy as np

keras.config.set_floatx("{dtype}")
keras.config.set_dtype_policy("{dtype}")
arrays = np.load("case.npz")
"""
_LAYER = """\
layer{n} = {layer}
{call}  # which makes its weights
layer{n}.set_weights([arrays[f"tensorflow.layer{n}.{{k}}"] for k in range({count})])
made{n} = {training}
"""
# Of a configuration: what weights that are set, and names, need not say.
_LEFT = ("_initializer", "_regularizer", "_constraint")


class Program:
    """Calls as a program. ``arrays``: what it reads; ``inputs``: what they are given, canonical.

    ``paths``: of their layers.
    """

    def __init__(self, calls: Sequence[Call], paths: Sequence[str], samples: int) -> None:
        writer = Writer(_array)
        self.inputs: list[NDArray[np.generic]] = []
        weights: dict[str, NDArray[np.generic]] = {}
        self.traced, lines = TracedCase(""), ""
        try:
            for n, call in enumerate(calls):
                before = len(writer.given)
                lines += _lines(n, call, writer)
                self._note(call, [*writer.arrays.values()][before:], samples)
                values = call.layer.get_weights()
                weights |= {f"layer{n}.{k}": np.array(each) for k, each in enumerate(values)}
            last = calls[-1]
            head = _HEAD.format(paths=", ".join(paths), dtype=last.made.dtype.name)
            for name in writer.arrays:
                head += f'{name} = keras.ops.convert_to_tensor(arrays["tensorflow.{name}"])\n'
            end = f"made = {writer.text(last.made)}\n"
            end += _canonical(last.layout, tuple(last.made.shape))
            self.traced = program("tensorflow", head + lines + end)
        except Unwritten as unwritten:
            self.traced = TracedCase("", str(unwritten))
        self.arrays = {**writer.arrays, **weights}

    def _note(self, call: Call, given: Sequence[NDArray[np.generic]], samples: int) -> None:
        for array in given:
            if array.shape[:1] == (samples,):
                alike = array.ndim == call.taken.shape.rank
                self.inputs.append(call.before.canonical(array) if alike else array)


def _lines(n: int, call: Call, writer: Writer) -> str:
    said = {name: value for name, value in call.options.items() if value is not None}
    named = {name: value for name, value in said.items() if name != "training"}
    learns = "training" in inspect.signature(call.layer.call).parameters
    training = {"training": said.get("training", True)} if learns else {}
    made = _LAYER.format(
        n=n,
        layer=constructed(call.layer),
        call=writer.call(f"layer{n}", call.given, named),
        count=len(call.layer.get_weights()),
        training=writer.call(f"layer{n}", call.given, {**named, **training}),
    )
    writer.name(call.made, f"made{n}" if tf.is_tensor(call.whole) else f"made{n}[0]")
    return made


def constructed(layer: Layer) -> str:
    """Write what makes such a layer. Raises Unwritten for one that is not Keras's own."""
    try:
        config = layer.get_config()
    except Exception as error:  # the user's code may raise any
        raise Unwritten(f"{type(layer).__name__} does not say how it was made") from error
    own = (c for c in type(layer).__mro__ if getattr(keras.layers, c.__name__, None) is c)
    return _of_config(next(own, type(layer)).__name__, config)


def _of_config(name: str, config: Mapping[str, Any]) -> str:
    cls = getattr(keras.layers, name, None)
    if cls is None:
        raise Unwritten(f"{name} is not a layer of Keras's own")
    known = inspect.signature(cls.__init__).parameters
    arguments = [
        f"{key}={_value(value)}"
        for key, value in config.items()
        if key in known and not key.endswith(_LEFT) and key not in ("name", "dtype")
    ]
    arguments += [] if config.get("trainable", True) else ["trainable=False"]
    return joined(f"keras.layers.{name}", arguments)


def _value(value: Any) -> str:
    """Write an argument; a layer within a layer is one of Keras's own."""
    if isinstance(value, Mapping):
        if value.get("module") != "keras.layers":
            raise Unwritten("it is made with what is not Keras's own, such as the user's function")
        return _of_config(str(value["class_name"]), value["config"])
    return Writer(no_array).text(value)


def _canonical(layout: Layout, shape: tuple[int, ...]) -> str:
    """Write what `Layout.canonical` does."""
    text = "made = keras.ops.convert_to_numpy(made)\n"
    if layout.first and layout.image:
        laid = f"made.reshape(-1, *{layout.image})"
        return text + f"made = np.moveaxis({laid}, 1, -1).reshape({shape})  # channels last\n"
    if layout.first and len(shape) > 2:
        return text + "made = np.moveaxis(made, 1, -1)\n"
    return text


def _array(value: object) -> NDArray[np.generic] | None:
    return value.numpy() if tf.is_tensor(value) else None  # type: ignore[attr-defined]
