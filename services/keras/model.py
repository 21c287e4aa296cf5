"""The model as users of Keras build it."""

import functools
from collections.abc import Sequence

import keras
from twinrun.contract import nesting
from twinrun.contract.enums import Precision
from twinrun.contract.layers import Layer, Leaf
from twinrun.contract.nesting import NESTS, Place, placed, through

from services.keras.layers import KINDS
from services.model import shapes

POLICIES = {
    Precision.FLOAT32: "float32",
    Precision.FLOAT64: "float64",
    Precision.BFLOAT16: "mixed_bfloat16",
    Precision.FLOAT16: "mixed_float16",
}


def users(
    layers: Sequence[Layer], shape: tuple[int, ...], dtype: str
) -> tuple[keras.Model, dict[str, keras.layers.Layer]]:
    """Return a model up to the logits, for samples of ``shape``, and the leaves' layers by name.

    It is sequential if it can be, and functional otherwise.
    """
    trained, walk = shapes.trained_layers(layers), _Users(dtype)
    inputs = keras.Input(shape)
    if any(isinstance(layer, NESTS) for layer in trained):
        return keras.Model(inputs, through(trained, inputs, walk)), walk.made
    made = walk.layers(placed(trained))
    return keras.Sequential([inputs, *made]), walk.made


class _Users:
    """A `Walk` as users of Keras write a functional model. ``made``: the leaves' layers by name."""

    def __init__(self, dtype: str) -> None:
        self.made: dict[str, keras.layers.Layer] = {}
        self._dtype = dtype

    def layers(self, leaves: Sequence[tuple[Place, Leaf]]) -> list[keras.layers.Layer]:
        found = []
        for place, leaf in leaves:
            found += KINDS[type(leaf)].idiomatic(leaf, self._dtype)
            last = -2 if isinstance(found[-1], keras.layers.Cropping2D) else -1  # has no arrays
            self.made[nesting.name(place)] = found[last]
        return found

    def run(self, leaves: Sequence[tuple[Place, Leaf]], x: keras.KerasTensor) -> keras.KerasTensor:
        return functools.reduce(lambda x, layer: layer(x), self.layers(leaves), x)

    def total(
        self, _: Place, made: keras.KerasTensor, shortcut: keras.KerasTensor
    ) -> keras.KerasTensor:
        return keras.layers.Add(dtype=self._dtype)([made, shortcut])

    def beside(self, _: Place, made: Sequence[keras.KerasTensor]) -> keras.KerasTensor:
        return keras.layers.Concatenate(dtype=self._dtype)(list(made))
