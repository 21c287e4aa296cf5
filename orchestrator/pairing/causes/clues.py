"""What is known about the place where two models part, and what a cause makes of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, combinations

import numpy as np
from twinrun.contract.traced import ModelTraced, TracedLayer

from orchestrator.language.phrases import Phrase, Sentence
from orchestrator.language.words import label
from orchestrator.pairing.formulas.activations import Floats
from orchestrator.pairing.formulas.layers import before_norm, returned
from orchestrator.pairing.formulas.sequences import Parts
from orchestrator.pairing.locate import Located
from orchestrator.pairing.measure import turned_gap
from orchestrator.pairing.result import Arrays, Pairing, laid_out

_ROUNDING = 1e-4  # In float32, with room: an input that is another one is off by about 1.
_SMALL = 1e-2  # of the gap: what is off by less explains one side, and not the other
_EXACT = 1e-13
_SUMMED = 8  # Outputs of which two may have been added to make an input.


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """One thing undone. ``change``: what would have to be; ``made`` should then be ``wanted``."""

    change: Sentence
    made: Floats
    wanted: Floats


@dataclass(frozen=True, eq=False)
class Side:
    """One side at the place. ``index``: of the layer there; None: it is no layer.

    ``rest``: layers after it that the other side computes in the same call, such as an activation.
    """

    name: str
    number: int
    pairing: Pairing
    arrays: Arrays
    index: int | None
    rest: tuple[int, ...] = ()

    @property
    def model(self) -> ModelTraced:
        return (self.pairing.first, self.pairing.second)[self.number]

    @property
    def layer(self) -> TracedLayer:
        if self.index is None:
            raise LookupError
        return self.model.layers[self.index]

    @cached_property
    def tensors(self) -> dict[str, Floats]:
        """Its layer's, by part, in canonical layouts."""
        return {} if self.index is None else self.parts(self.index)

    @cached_property
    def output(self) -> Floats | None:
        """What is returned at the place: by the layer and the rest, else the logits."""
        last = self.rest[-1] if self.rest else self.index
        return self.floats("logits" if last is None else f"output/{last}")

    def returned(
        self, x: Floats, layer: TracedLayer | None = None, parts: Parts | None = None
    ) -> Floats | None:
        """Return what is made of ``x`` at the place, by another layer or by other arrays."""
        made = returned(layer or self.layer, x, self.tensors if parts is None else parts)
        for index in self.rest:
            made = None if made is None else self.of(index, made)
        return made

    def of(self, index: int, x: Floats) -> Floats | None:
        """Return what a layer makes of ``x``."""
        return returned(self.model.layers[index], x, self.parts(index))

    def parts(self, index: int) -> dict[str, Floats]:
        """Return a layer's arrays."""
        path = self.model.layers[index].path
        found = {
            each.part: self.arrays[f"initial/{each.key}"].astype(float)
            for each in self.model.tensors
            if each.layer == path and f"initial/{each.key}" in self.arrays
        }
        for paired in self.pairing.tensors:
            own = (paired.first, paired.second)[self.number]
            if own.layer == path and paired.variants[self.number]:
                values = laid_out(self.arrays, "initial", paired.keys[self.number])
                found[own.part] = values.astype(float)
        return found

    def inputs(self) -> Iterator[Floats]:
        """Yield what it may have got, the last first."""
        if self.index is None:
            return
        names = [f"output/{number}" for number in reversed(range(self.index))]
        found = [x for name in [*names, "input"] if (x := self.floats(name)) is not None]
        yield from found
        for x in found:  # What functions that no layer is make of it.
            if x.ndim == 3:
                yield from (x[:, -1], x[:, 0], x.mean(axis=1), np.swapaxes(x, 1, 2))
            if x.ndim > 3:
                yield x.reshape(len(x), -1, x.shape[-1])
        for one, other in combinations(found[:_SUMMED], 2):
            if one.shape == other.shape:
                yield one + other

    def floats(self, name: str) -> Floats | None:
        found = self.arrays.get(name)
        return None if found is None else found.astype(float)


Choices = Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """One way to compute it. ``choices``: what it took, as text; ``made``: what the layer gets."""

    choices: Choices
    made: Callable[[], Floats]


@dataclass(frozen=True, eq=False)
class Clues:
    """Both sides at the place where they part."""

    pairing: Pairing
    located: Located
    sides: tuple[Side, Side]
    ways: dict[tuple[int, int], Way | None] = field(default_factory=dict)  # of forms, as found
    _given: dict[Side, Floats | None] = field(default_factory=dict)

    def other(self, side: Side) -> Side:
        return self.sides[1 - side.number]

    def views(self) -> Iterator[Side]:
        """Yield each layer at the place, of both sides: several, if one is all of them at once."""
        for side in self.sides:
            yield side
            for number, index in enumerate(side.rest):
                yield replace(side, index=index, rest=side.rest[number + 1 :])

    def given(self, side: Side) -> Floats | None:
        """Return what a side's layer got: what makes it return what it did; None: not known.

        Without that, nothing that is changed in the layer proves anything.
        """
        if side not in self._given:
            self._given[side] = self._found(side)
        return self._given[side]

    def _found(self, side: Side) -> Floats | None:
        if side.output is None or side.index is None:
            return None
        least, found = self.rounding, None
        before = before_norm(side.layer, side.output, side.tensors) if not side.rest else None
        first = [] if before is None else [before]
        for x in chain(side.inputs(), self.other(side).inputs(), first):
            made = side.returned(x)
            apart = np.inf if made is None else turned_gap(made, side.output)
            if apart < least:
                least, found = apart, x
            if least < _EXACT:
                break
        return found

    @property
    def rounding(self) -> float:
        """What a layer's formula may be off by, and is still that layer: far below the gap."""
        return max(self.located.tolerance, min(_ROUNDING, self.located.gap * _SMALL))

    def tried(
        self,
        side: Side,
        change: Sentence,
        layer: TracedLayer | None = None,
        parts: Parts | None = None,
    ) -> Iterator[Tried]:
        """Yield what another layer of a side, or one with other arrays, makes of its input."""
        x, wanted = self.given(side), self.other(side).output
        if x is not None and wanted is not None:
            made = side.returned(x, layer, parts)
            if made is not None:
                yield Tried(change, made, wanted)

    def turns(self) -> Iterator[tuple[Side, Side]]:
        """Yield the side that is changed, and the other."""
        yield self.sides
        yield self.sides[::-1]

    def steps(self, side: int) -> list[tuple[Floats, Floats, Floats]]:
        """Return a side's initial values, gradient and updated values of each trained tensor."""
        found = []
        for tensor in self.pairing.once:
            try:
                values = [
                    laid_out(self.sides[side].arrays, what, tensor.keys[side]).astype(float)
                    for what in ("initial", "gradient", "updated")
                ]
            except KeyError:
                continue
            found.append((values[0], values[1], values[2]))
        return found


def clues(pairing: Pairing, located: Located, first: Arrays, second: Arrays) -> Clues:
    """Collect what is known."""
    sides = []
    for number, arrays in enumerate((first, second)):
        name = label(pairing.frameworks[number])
        calls = (None,) if located.layer is None else pairing.calls(located.layer, number)
        sides.append(Side(name, number, pairing, arrays, calls[0], calls[1:]))
    return Clues(pairing, located, (sides[0], sides[1]))


@dataclass(frozen=True, slots=True)
class Cause:
    """A kind of fault: ``find`` yields what to undo, if that can be tried.

    ``general``: it says less than others, and is tried only where none of them fits.
    """

    key: str
    name: Phrase
    find: Callable[[Clues], Iterator[Tried]]
    general: bool = False


def ratio(one: Floats, other: Floats) -> float | None:
    """Return the number that ``one`` times gives ``other``; None: there is none."""
    if one.shape != other.shape or not np.any(one):
        return None
    found = float((one * other).sum() / np.square(one).sum())
    return found if np.isfinite(found) and found else None
