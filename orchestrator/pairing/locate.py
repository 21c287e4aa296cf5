"""Where two models part: the first layer, gradient or update that is not the same on one batch."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from orchestrator.pairing.measure import Array, gap, layer_gap
from orchestrator.pairing.result import Arrays, PairedLayer, PairedTensor, Pairing, laid_out

# Of the largest slope: a smaller one is nothing but rounding, whatever it is relative to itself.
_SMALLEST_SLOPE = 1e-5


class Place(StrEnum):
    """What differs first."""

    INPUT = "input"  # The batch itself.
    OUTPUT = "output"  # What a layer returns.
    LOSS = "loss"  # Of the same logits.
    SLOPE = "slope"  # The gradient of the loss for what a layer returns.
    GRADIENT = "gradient"  # Of a tensor.
    UPDATE = "update"  # What the step did to a tensor.
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class Located:
    """``gap``: by how much, relative; ``tolerance``: what was allowed.

    ``same``: the layers before it, in order, whose outputs are the same. ``alone``: indices of each
    side's layers between the last of them and this one that the other side does not have.
    """

    place: Place
    gap: float
    tolerance: float
    layer: PairedLayer | None = None
    tensor: PairedTensor | None = None
    same: tuple[PairedLayer, ...] = ()
    alone: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())


def locate(pairing: Pairing, first: Arrays, second: Arrays, tolerance: float) -> Located:
    """Find the first difference above ``tolerance``: forwards, then backwards, then in the step.

    Both traces are of one batch and start from the same values. What a trace lacks is not compared.
    """
    return _Search(pairing, first, second, tolerance).found()


def outputs_apart(
    pairing: Pairing, first: Arrays, second: Arrays, tolerance: float
) -> list[Located]:
    """Return every layer whose output differs, and the logits if they do, without ``same``."""
    search = _Search(pairing, first, second, tolerance)
    return [located for located in search.forwards([]) if located.gap > tolerance]


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """What is compared with what."""

    pairing: Pairing
    first: Arrays
    second: Arrays
    tolerance: float

    def found(self) -> Located:
        same: list[PairedLayer] = []
        searches = [self._input(), self.forwards(same), self._loss()]
        if not self._learns_alike():
            searches.append(self._backwards())
        searches.append(self._updates())
        for located in itertools.chain(*searches):
            if located.gap > self.tolerance:
                return replace(located, same=tuple(same))
        return Located(Place.NOWHERE, 0.0, self.tolerance, same=tuple(same))

    def _learns_alike(self) -> bool:
        """Return whether no gradient of a tensor differs.

        Then slopes may: those of equal values in a window, which a relu before it lets through
        nowhere.
        """
        ends = list(self._gradients(self.pairing.tensors, None))
        return bool(ends) and all(located.gap <= self.tolerance for located in ends)

    def _input(self) -> Iterator[Located]:
        yield Located(Place.INPUT, self._gap("input"), self.tolerance)

    def forwards(self, same: list[PairedLayer]) -> Iterator[Located]:
        """Yield the layers' outputs in order; those that are passed are the ``same``."""
        for pair in self.compared:
            size = layer_gap(self.pairing, pair, "output", (self.first, self.second))
            if size is not None:
                alone = self._alone(same, (pair.first, pair.second))
                yield Located(Place.OUTPUT, size, self.tolerance, pair, alone=alone)
                same.append(pair)
        ends = len(self.pairing.first.layers), len(self.pairing.second.layers)
        alone = self._alone(same, ends)
        yield Located(Place.OUTPUT, self._gap("logits"), self.tolerance, alone=alone)

    def _loss(self) -> Iterator[Located]:
        yield Located(Place.LOSS, self._gap("loss"), self.tolerance)

    def _backwards(self) -> Iterator[Located]:
        """Yield slopes and gradients, from the last layer on."""
        slopes = [array for name, array in self.first.items() if name.startswith("slope/")]
        largest = max((float(np.abs(each).max(initial=0)) for each in slopes), default=0.0)
        left = dict.fromkeys(self.pairing.tensors)
        for pair in reversed(self.compared):
            floor = _SMALLEST_SLOPE * largest
            size = layer_gap(self.pairing, pair, "slope", (self.first, self.second), floor)
            if size is not None:
                yield Located(Place.SLOPE, size, self.tolerance, pair)
            path = self.pairing.first.layers[pair.first].path
            own = [tensor for tensor in left if tensor.first.layer == path]
            for tensor in own:
                del left[tensor]
            yield from self._gradients(own, pair)
        yield from self._gradients(left, None)

    def _gradients(
        self, tensors: Iterable[PairedTensor], layer: PairedLayer | None
    ) -> Iterator[Located]:
        """Yield gradients against the whole step's: one that is only rounding is none."""
        norm = gradient_norm(self.first)
        for tensor in tensors:
            arrays = both(tensor, "gradient", self.first, self.second)
            if arrays is not None:
                size = gap(arrays[0], arrays[1], norm)
                yield Located(Place.GRADIENT, size, self.tolerance, layer, tensor)

    def _updates(self) -> Iterator[Located]:
        for tensor in self.pairing.tensors:
            size = update_gap(tensor, self.first, self.second)
            if size is not None:
                yield Located(Place.UPDATE, size, self.tolerance, tensor=tensor)

    @property
    def compared(self) -> list[PairedLayer]:
        return [pair for pair in self.pairing.layers if pair.compared]

    def _gap(self, name: str) -> float:
        """Return how far two arrays are apart; 0 if one is not traced."""
        if name not in self.first or name not in self.second:
            return 0.0
        return gap(self.first[name], self.second[name])

    def _alone(
        self, same: list[PairedLayer], before: tuple[int, int]
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return each side's own layers after the last that is the same."""
        after = (same[-1].first, same[-1].second) if same else (-1, -1)
        found = [
            tuple(index for index in self.pairing.alone[side] if after[side] < index < before[side])
            for side in (0, 1)
        ]
        return found[0], found[1]


def gradient_norm(arrays: Arrays) -> float:
    """Return the norm of the whole step's gradient, each array once."""
    parts = [a for name, a in arrays.items() if name.startswith("gradient/") and "@" not in name]
    return float(np.sqrt(sum(float(np.square(part.astype(float)).sum()) for part in parts)))


def both(
    tensor: PairedTensor, what: str, first: Arrays, second: Arrays
) -> tuple[Array, Array] | None:
    """Return ``what`` of both sides in the canonical layout; None: a side has none."""
    try:
        return laid_out(first, what, tensor.keys[0]), laid_out(second, what, tensor.keys[1])
    except KeyError:
        return None


def update_gap(tensor: PairedTensor, first: Arrays, second: Arrays) -> float | None:
    """Return how far a step's changes are apart, relative to the largest; None: not traced.

    Where the gradient is all but nothing, an optimizer that divides by it makes rounding large.
    """
    before = both(tensor, "initial", first, second)
    after = both(tensor, "updated", first, second)
    if before is None or after is None:
        return None
    steps = [end.astype(float) - start for start, end in zip(before, after, strict=True)]
    if steps[0].shape != steps[1].shape:
        return np.inf
    largest = max(float(np.abs(step).max(initial=0)) for step in steps)
    gradients = both(tensor, "gradient", first, second)
    if gradients is not None and gradients[0].shape == steps[0].shape:
        sizes = np.abs(gradients[0].astype(float))
        weights = sizes / (sizes + gradient_norm(first))
        steps = [step * weights for step in steps]
    return gap(steps[0], steps[1], largest or None)
