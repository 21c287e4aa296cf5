"""The order of features in PyTorch's modules, where it is not the canonical one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from twinrun.contract import nesting
from twinrun.contract.layers import CustomDense, Dense, Flatten, Layer, Leaf
from twinrun.contract.nesting import Place, through

from services.errors import Unsupported
from services.model.layers.parameter import Shape
from services.model.shapes import Shapes

Rows = NDArray[np.intp] | slice
_AS_IT_IS = slice(None)


def orders(layers: Sequence[Layer], shape: Shape) -> list[tuple[str, Leaf, Rows]]:
    """Return the leaves' names, and the canonical order of the first axis of their parameters.

    PyTorch's images are [c, h, w], so it flattens in another order than [h, w, c]: this affects all
    parameters up to the next dense layer, whose kernel's rows are in that order too.

    Raises Unsupported if a sum is of features in two orders.
    """
    walk = _Orders()
    through(layers, (shape, _AS_IT_IS), walk)
    return walk.found


Ordered = tuple[Shape, Rows]


@dataclass(frozen=True, slots=True)
class _Orders:
    """A `Walk` of the shape of a sample and the order of its features."""

    found: list[tuple[str, Leaf, Rows]] = field(default_factory=list)
    shapes: Shapes = field(default_factory=Shapes)

    def run(self, leaves: Sequence[tuple[Place, Leaf]], value: Ordered) -> Ordered:
        shape, rows = value
        for place, layer in leaves:
            if isinstance(layer, Flatten) and len(shape) == 3:
                height, width, channels = shape
                places = np.arange(math.prod(shape)).reshape(channels, height, width)
                rows = places.transpose(1, 2, 0).ravel()
            self.found.append((nesting.name(place), layer, rows))
            if isinstance(layer, Dense | CustomDense):
                rows = _AS_IT_IS
            shape = self.shapes.run([(place, layer)], shape)
        return shape, rows

    def total(self, place: Place, made: Ordered, shortcut: Ordered) -> Ordered:
        shape = self.shapes.total(place, made[0], shortcut[0])
        if not np.array_equal(_whole(made), _whole(shortcut)):
            raise Unsupported(
                f"{nesting.field(place)} adds an image that is flattened, in PyTorch's order "
                "[c, h, w], to what a dense layer makes; use recipe matched, or flatten before it",
                field="layers",
            )
        return shape, made[1]

    def beside(self, place: Place, made: Sequence[Ordered]) -> Ordered:
        shape = self.shapes.beside(place, [each[0] for each in made])
        if all(isinstance(rows, slice) for _, rows in made):
            return shape, _AS_IT_IS
        starts = np.cumsum([0, *(each[0][-1] for each in made)])
        parts = [start + _whole(each) for start, each in zip(starts, made, strict=False)]
        return shape, np.concatenate(parts)


def _whole(value: Ordered) -> NDArray[np.intp]:
    """Return the order of the last axis, one number for each feature."""
    shape, rows = value
    return np.arange(shape[-1])[rows]
