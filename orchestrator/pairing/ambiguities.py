"""Which of several layers that are alike is which: by what they do with one batch.

Where a call order is all that tells them apart, it may be wrong on one side without a word.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, permutations, takewhile
from operator import itemgetter

from orchestrator.pairing.measure import layer_gap
from orchestrator.pairing.pair import repaired
from orchestrator.pairing.result import (
    CHANNELS_FIRST,
    Ambiguity,
    Arrays,
    PairedLayer,
    PairedTensor,
    Pairing,
    Sure,
)
from orchestrator.pairing.rows import variant

_SAME = 1e-6  # Far above rounding in float64, far below what two layers' values differ by.
_SMALL = 4  # Layers in a row of which every order is tried.


def best(pairing: Pairing, first: Arrays, second: Arrays, tolerance: float = _SAME) -> Pairing:
    """Resolve what the arrays of two traces tell: equal layers, and the rows of dense kernels.

    Both traces are of one batch, the second with the first's initial values by this pairing. Each
    side's own arrays tell the order of its rows. Layers that get different inputs are told apart
    by their outputs if their initial values are equal, else by `candidates`.
    """
    turned = replace(pairing, tensors=_rows(pairing, first, second))
    told: dict[str, str] = {}
    for ambiguity in pairing.ambiguities:
        told |= _told_apart(turned, ambiguity, first, second, tolerance)
    return repaired(turned, told)


def candidates(pairing: Pairing, until: int | None = None) -> Iterator[Pairing]:
    """Yield other pairings to be tried, the fewest changes first, neighbours before others.

    Each needs a trace of the second side with the first's initial values by it; the one is right
    after which nothing differs. ``until``: the first side's layer where the two part, by its
    index; what only moves later ones cannot help, and is left out.
    """
    called: dict[str, int] = {}
    for index, layer in enumerate(pairing.first.layers):
        called.setdefault(layer.path, index)

    def helps(path: str) -> bool:
        return until is None or called.get(path, until) <= until

    for number, pair in enumerate(pairing.tensors):
        for variants in _other_variants(pair) if helps(pair.first.layer) else ():
            turned = replace(pair, variants=variants, sure=Sure.ACTIVATIONS)
            tensors = (*pairing.tensors[:number], turned, *pairing.tensors[number + 1 :])
            yield replace(pairing, tensors=tensors)
    seen = set()
    for moved in _orders(pairing):
        key = frozenset(moved.items())
        if moved and key not in seen and any(map(helps, moved)):
            seen.add(key)
            yield repaired(pairing, moved)


def _rows(pairing: Pairing, first: Arrays, second: Arrays) -> tuple[PairedTensor, ...]:
    """Return the tensors, the rows of dense kernels in the order that each side shows."""
    made = []
    for pair in pairing.tensors:
        sides = (pairing.first, first, pair.first), (pairing.second, second, pair.second)
        found = [
            variant(*side) if CHANNELS_FIRST in side[2].variants else before
            for side, before in zip(sides, pair.variants, strict=True)
        ]
        one, other = (
            before if each is None else each
            for each, before in zip(found, pair.variants, strict=True)
        )
        made.append(replace(pair, variants=(one, other)))
    return tuple(made)


def _told_apart(
    pairing: Pairing, ambiguity: Ambiguity, first: Arrays, second: Arrays, tolerance: float
) -> dict[str, str]:
    """Return the layers of which each agrees with one of the other side's, and with no other."""
    fits = {
        (i, j)
        for i in ambiguity.first
        for j in ambiguity.second
        if _agree(pairing, PairedLayer(i, j, Sure.ACTIVATIONS), first, second, tolerance)
    }
    alone = [Counter(pair[side] for pair in fits) for side in (0, 1)]
    return {
        pairing.first.layers[i].path: pairing.second.layers[j].path
        for i, j in sorted(fits)
        if alone[0][i] == alone[1][j] == 1
    }


def _agree(
    pairing: Pairing, pair: PairedLayer, first: Arrays, second: Arrays, tolerance: float
) -> bool:
    gaps = [layer_gap(pairing, pair, what, (first, second)) for what in ("output", "slope")]
    known = [each for each in gaps if each is not None]
    return bool(known) and max(known) <= tolerance


def _other_variants(pair: PairedTensor) -> Iterator[tuple[str, str]]:
    """Yield the other layouts that one side may have, if the shape does not tell them apart."""
    for side, tensor in enumerate((pair.first, pair.second)):
        for suffix in tensor.variants:
            # The canonical order of rows is the first side's.
            of_rows = suffix == CHANNELS_FIRST
            if side == 1 if of_rows else tensor.shape == tensor.shape[::-1]:
                other = "" if pair.variants[side] == suffix else suffix
                yield (other, pair.variants[1]) if side == 0 else (pair.variants[0], other)


def _orders(pairing: Pairing) -> Iterator[dict[str, str]]:
    """Yield other pairs of layers that are alike, as paths."""
    for ambiguity in pairing.ambiguities:
        yield from _left_out(pairing, ambiguity)
    group = {i: n for n, each in enumerate(pairing.ambiguities) for i in each.first}
    pairs = [
        (*_paths(pairing, each.first, each.second), group[each.first])
        for each in pairing.layers
        if each.first in group and _alike(pairing, each)
    ]
    for distance in range(1, len(pairs)):
        for start in range(len(pairs) - distance):
            length = _repeats(pairs, start, distance)
            # A block of layers, such as a convolution and its norm, goes as one.
            for size in sorted({min(length, 1), length} - {0}):
                yield _swapped(pairs[start : start + distance + size], size)
    for _, run in groupby(pairs, key=itemgetter(2)):
        row = list(run)
        if 2 < len(row) <= _SMALL:
            targets = [pair[1] for pair in row]
            for order in permutations(targets):
                yield _moved(row, order)


def _alike(pairing: Pairing, pair: PairedLayer) -> bool:
    return any(pair.first in a.first and pair.second in a.second for a in pairing.ambiguities)


def _paths(pairing: Pairing, one: int, other: int) -> tuple[str, str]:
    return pairing.first.layers[one].path, pairing.second.layers[other].path


def _left_out(pairing: Pairing, ambiguity: Ambiguity) -> Iterator[dict[str, str]]:
    """Yield the pairs if each layer of the longer side is the one that has none."""
    short, long = sorted((ambiguity.first, ambiguity.second), key=len)
    if len(long) - len(short) != 1:
        return
    for out in reversed(range(len(long))):
        rest = long[:out] + long[out + 1 :]
        ones, others = (rest, short) if long is ambiguity.first else (short, rest)
        yield dict(_paths(pairing, i, j) for i, j in zip(ones, others, strict=True))


_Pair = tuple[str, str, int]


def _repeats(pairs: Sequence[_Pair], start: int, distance: int) -> int:
    """Return how many layers from ``start`` on are alike those ``distance`` later."""
    both = zip(pairs[start : start + distance], pairs[start + distance :], strict=False)
    return len([*takewhile(lambda pair: pair[0][2] == pair[1][2], both)])


def _swapped(pairs: Sequence[_Pair], size: int) -> dict[str, str]:
    """Return the pairs with the first ``size`` and the last ones' targets swapped."""
    targets = [pair[1] for pair in pairs]
    return _moved(pairs, [*targets[-size:], *targets[size:-size], *targets[:size]])


def _moved(pairs: Sequence[_Pair], targets: Sequence[str]) -> dict[str, str]:
    """Return the pairs that are others now."""
    return {
        pair[0]: target for pair, target in zip(pairs, targets, strict=True) if pair[1] != target
    }
