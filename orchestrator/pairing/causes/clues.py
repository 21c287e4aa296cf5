"""What is known about the place where two models part, and what a cause makes of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from twinrun.contract.traced import ModelTraced, TracedLayer

from orchestrator.language.phrases import Phrase, Sentence
from orchestrator.language.words import label
from orchestrator.pairing.formulas.activations import Floats
from orchestrator.pairing.formulas.layers import before_norm, returned
from orchestrator.pairing.formulas.sequences import Parts
from orchestrator.pairing.locate import Located
from orchestrator.pairing.measure import gap
from orchestrator.pairing.result import Arrays, Pairing, laid_out

_ROUNDING = 1e-4  # In float32, with room: an input that is another one is off by about 1.
_SUMMED = 8  # Outputs of which two may have been added to make an input.


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """One thing undone. ``change``: what would have to be; ``made`` should then be ``wanted``."""

    change: Sentence
    made: Floats
    wanted: Floats


@dataclass(frozen=True, eq=False)
class Side:
    """One side at the place. ``index``: of the layer there; None: it is no layer."""

    name: str
    model: ModelTraced
    arrays: Arrays
    index: int | None
    tensors: dict[str, Floats]  # of the layer, by part, in canonical layouts

    @property
    def layer(self) -> TracedLayer:
        if self.index is None:
            raise LookupError
        return self.model.layers[self.index]

    @cached_property
    def output(self) -> Floats | None:
        """What is returned at the place: by the layer, else the logits."""
        return self.floats("logits" if self.index is None else f"output/{self.index}")

    @cached_property
    def input(self) -> Floats | None:
        """What the layer got: the earlier output, or sum of two, that gives what it returned."""
        found = next((x for x in self.inputs() if self._gives(x)), None)
        if found is None and self.index is not None and self.output is not None:
            x = before_norm(self.layer, self.output, self.tensors)
            return x if x is not None and self._gives(x) else None
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
        for one, other in combinations(found[:_SUMMED], 2):
            if one.shape == other.shape:
                yield one + other

    def _gives(self, x: Floats) -> bool:
        made = returned(self.layer, x, self.tensors)
        return made is not None and self.output is not None and gap(made, self.output) < _ROUNDING

    def floats(self, name: str) -> Floats | None:
        found = self.arrays.get(name)
        return None if found is None else found.astype(float)


@dataclass(frozen=True, eq=False)
class Clues:
    """Both sides at the place where they part."""

    pairing: Pairing
    located: Located
    sides: tuple[Side, Side]

    def given(self, side: Side) -> Floats | None:
        """Return what a side's layer got; else the other's: all before them is the same."""
        one, other = self.sides if side is self.sides[0] else self.sides[::-1]
        return other.input if one.input is None else one.input

    def tried(
        self,
        side: Side,
        change: Sentence,
        layer: TracedLayer | None = None,
        parts: Parts | None = None,
    ) -> Iterator[Tried]:
        """Yield what another layer of a side, or one with other arrays, makes of the input."""
        x, wanted = self.given(side), self.sides[side is self.sides[0]].output
        if x is not None and wanted is not None:
            tensors = side.tensors if parts is None else parts
            made = returned(layer or side.layer, x, tensors)
            # What fits as it is needs no change: then the input is not what the side had.
            as_it_is = returned(side.layer, x, side.tensors)
            fits = as_it_is is not None and gap(as_it_is, wanted) <= self.located.tolerance
            if made is not None and not fits:
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
    models = pairing.first, pairing.second
    pair = located.layer
    indices = (None, None) if pair is None else (pair.first, pair.second)
    sides = []
    for number, (model, arrays) in enumerate(zip(models, (first, second), strict=True)):
        index = indices[number]
        path = None if index is None else model.layers[index].path
        tensors = {
            each.part: arrays[f"initial/{each.key}"].astype(float)
            for each in model.tensors
            if each.layer == path and f"initial/{each.key}" in arrays
        }
        for paired in pairing.tensors:
            own = (paired.first, paired.second)[number]
            if own.layer == path and paired.variants[number]:
                values = laid_out(arrays, "initial", paired.keys[number])
                tensors[own.part] = values.astype(float)
        name = label(pairing.frameworks[number])
        sides.append(Side(name, model, arrays, index, tensors))
    return Clues(pairing, located, (sides[0], sides[1]))


@dataclass(frozen=True, slots=True)
class Cause:
    """A kind of fault: ``find`` yields what to undo, if that can be tried."""

    key: str
    name: Phrase
    find: Callable[[Clues], Iterator[Tried]]


def ratio(one: Floats, other: Floats) -> float | None:
    """Return the number that ``one`` times gives ``other``; None: there is none."""
    if one.shape != other.shape or not np.any(one):
        return None
    found = float((one * other).sum() / np.square(one).sum())
    return found if np.isfinite(found) and found else None
