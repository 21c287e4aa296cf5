"""Layers inside layers: the one walk through them, and the names of what it meets."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar, assert_never

from twinrun.contract.layers import (
    Branch,
    Concat,
    Conv1d,
    Conv2d,
    Conv2dTranspose,
    Layer,
    Leaf,
    MultiHeadAttention,
    Nest,
    Repeat,
    Residual,
    layer_field,
)
from twinrun.contract.ranges import between
from twinrun.contract.violation import Violation

DEEPEST = 8  # nests in each other
MOST_LAYERS = 1000  # in a model, each repetition counted
NESTS = (Residual, Concat, Repeat)  # the classes of Nest

# The way to a layer: its index, after the way to the nest that holds it. A step into a nest has two
# texts: one for a name, and one for a field of a spec.
Step = int | tuple[str, str]
Place = tuple[Step, ...]

Value = TypeVar("Value")


class Walk(Protocol[Value]):
    """What becomes of a value on its way through layers."""

    def run(self, leaves: Sequence[tuple[Place, Leaf]], value: Value, /) -> Value:
        """Return what leaves, one after the other, make of ``value``."""

    def total(self, place: Place, made: Value, shortcut: Value, /) -> Value:
        """Return the sum of the residual at ``place``."""

    def beside(self, place: Place, made: Sequence[Value], /) -> Value:
        """Return what the branches of the concat at ``place`` made, side by side."""


def through(layers: Sequence[Layer], value: Value, walk: Walk[Value], at: Place = ()) -> Value:
    """Return what becomes of ``value``; calls come in the order of a model's arrays.

    ``at``: the way to the nest that holds the layers.
    """
    leaves: list[tuple[Place, Leaf]] = []
    for index, layer in enumerate(layers):
        place = (*at, index)
        if not isinstance(layer, NESTS):
            leaves.append((place, layer))
            continue
        value = _into(layer, walk.run(leaves, value) if leaves else value, walk, place)
        leaves = []
    return walk.run(leaves, value) if leaves else value


def _into(nest: Nest, value: Value, walk: Walk[Value], place: Place) -> Value:
    if isinstance(nest, Repeat):
        for step, layers in _inside(nest):
            value = through(layers, value, walk, (*place, step))
        return value
    made = [through(layers, value, walk, (*place, step)) for step, layers in _inside(nest)]
    return walk.total(place, *made) if isinstance(nest, Residual) else walk.beside(place, made)


def _inside(nest: Nest) -> Iterator[tuple[Step, Sequence[Layer]]]:
    """Yield the lists of layers that a nest holds, each with the step to it."""
    match nest:
        case Residual(layers, shortcut):
            yield ("layers", "residual.layers"), layers
            yield ("shortcut", "residual.shortcut"), shortcut
        case Concat(branches):
            for number, branch in enumerate(branches):
                yield (f"branches.{number}", f"concat.branches[{number}].layers"), branch.layers
        case Repeat(times, layers):
            for time in range(times):
                yield (str(time), "repeat.layers"), layers
        case _:
            assert_never(nest)


def name(place: Place) -> str:
    """Return the name of a layer, before those of its arrays: ``layers.3.branches.1.0``."""
    return ".".join(["layers", *(str(s) if isinstance(s, int) else s[0] for s in place)])


def field(place: Place) -> str:
    """Return where a layer is in a spec: ``layers[3].concat.branches[1].layers[0]``."""
    return "layers" + "".join(f"[{s}]" if isinstance(s, int) else f".{s[1]}" for s in place)


def case(place: Place, layer: Layer) -> str:
    """Return where the fields of a layer are in a spec: ``layers[3].dense``."""
    return f"{field(place)}.{layer_field(type(layer))}"


def fork(place: Place) -> Place:
    """Return the place of the innermost residual or concat around ``place``; (): there is none."""
    while place and not (isinstance(place[-1], tuple) and not place[-1][1].startswith("repeat")):
        place = place[:-1]
    return place[:-1]


class _Leaves:
    """A `Walk` that collects them."""

    def __init__(self) -> None:
        self.found: list[tuple[Place, Leaf]] = []

    def run(self, leaves: Sequence[tuple[Place, Leaf]], _: None) -> None:
        self.found += leaves

    def total(self, *_: object) -> None:
        """Implement `Walk`."""

    def beside(self, *_: object) -> None:
        """Implement `Walk`."""


def placed(layers: Sequence[Layer]) -> list[tuple[Place, Leaf]]:
    """Return the leaves with their places, in the order of arrays, those of each repetition."""
    walk = _Leaves()
    through(layers, None, walk)
    return walk.found


def leaves(layers: Sequence[Layer]) -> list[Leaf]:
    """Return the leaves in the order of arrays, those of each repetition."""
    return [leaf for _, leaf in placed(layers)]


def convolves(layers: Sequence[Layer]) -> bool:
    """Return whether there is a convolution among them."""
    return any(isinstance(leaf, Conv1d | Conv2d | Conv2dTranspose) for leaf in leaves(layers))


def attends(layers: Sequence[Layer]) -> bool:
    """Return whether there is an attention among them."""
    return any(isinstance(leaf, MultiHeadAttention) for leaf in leaves(layers))


def named(layers: Sequence[Layer]) -> list[tuple[str, Leaf]]:
    """Return the leaves with their names, in the order of arrays."""
    return [(name(place), leaf) for place, leaf in placed(layers)]


def written(layers: Sequence[Layer], at: Place = ()) -> Iterator[tuple[Place, Layer]]:
    """Yield every layer that a spec has, nests too; those of a repetition once."""
    for index, layer in enumerate(layers):
        place = (*at, index)
        yield place, layer
        if isinstance(layer, NESTS):
            once = 1 if isinstance(layer, Repeat) else None
            for step, inner in itertools.islice(_inside(layer), once):
                yield from written(inner, (*place, step))


def mapped(layers: Sequence[Layer], change: Callable[[Leaf], Leaf]) -> tuple[Layer, ...]:
    """Return the layers with ``change`` made of each leaf, at any depth."""

    def inside(layer: Layer) -> Layer:
        if not isinstance(layer, NESTS):
            return change(layer)
        match layer:
            case Residual(layers, shortcut):
                return Residual(mapped(layers, change), mapped(shortcut, change))
            case Concat(branches):
                return Concat(tuple(Branch(mapped(each.layers, change)) for each in branches))
            case Repeat(times, layers):
                return Repeat(times, mapped(layers, change))
            case _:
                assert_never(layer)

    return tuple(map(inside, layers))


def size_violations(layers: Sequence[Layer]) -> list[Violation]:
    """Return what is too large to be walked through: too many layers, or too deep a nesting."""
    found = [bad for place, layer in written(layers) for bad in _too_large(place, layer)]
    if not found and (count := _count(layers)) > MOST_LAYERS:
        found = [Violation("layers", f"has {count} layers; at most {MOST_LAYERS} are taken")]
    return found


def _too_large(place: Place, layer: Layer) -> Iterator[Violation]:
    if isinstance(layer, Repeat) and layer.times > MOST_LAYERS:
        yield from nest_violations(case(place, layer), layer)
    depth = sum(isinstance(step, tuple) for step in place)
    if depth == DEEPEST + 1 and place[-1] == 0:
        what = f"is nested {depth} deep; at most {DEEPEST} are taken"
        yield Violation(field(place), what)


def _count(layers: Sequence[Layer]) -> int:
    """Return how many layers there are, nests too, each repetition counted."""
    found = len(layers)
    for layer in layers:
        if isinstance(layer, Repeat):
            found += max(0, layer.times) * _count(layer.layers)
        elif isinstance(layer, NESTS):
            found += sum(_count(inner) for _, inner in _inside(layer))
    return found


def nest_violations(place: str, nest: Nest) -> Iterator[Violation]:
    """Yield the fields of a nest that are out of range; ``place``: where they are."""
    match nest:
        case Concat(branches):
            if len(branches) == 1:
                yield Violation(f"{place}.branches", "has 1 branch; give two or more")
        case Repeat(times):
            yield from between(f"{place}.times", times, 1, MOST_LAYERS)
        case Residual():
            pass
        case _:
            assert_never(nest)
