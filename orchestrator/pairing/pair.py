"""Pair two models of code: by hand, by kind and order of calls, else by shape."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from twinrun.contract.traced import ModelTraced, TracedDraw

from orchestrator.pairing import by_hand as hands
from orchestrator.pairing import findings, units
from orchestrator.pairing.alignment import align
from orchestrator.pairing.result import Ambiguity, PairedLayer, PairedTensor, Pairing, Sure
from orchestrator.pairing.tensors import paired_tensors
from orchestrator.pairing.units import Unit


@dataclass(frozen=True, slots=True)
class _Side:
    model: ModelTraced
    units: list[Unit]

    def path(self, unit: Unit) -> str:
        return self.model.layers[unit.index].path

    def of(self, path: str) -> list[Unit]:
        """Return a layer's units: those with arrays, if there are any."""
        found = [unit for unit in self.units if self.path(unit) == path]
        return [unit for unit in found if unit.parts] or found

    def after(self, unit: Unit) -> list[Unit]:
        """Return what follows a unit up to the next one with arrays: it goes where that goes."""
        start = next(number for number, each in enumerate(self.units) if each is unit) + 1
        return [*takewhile(lambda each: not each.parts, self.units[start:])]


Match = tuple[Unit, Unit, Sure]


def pair(
    first: ModelTraced,
    second: ModelTraced,
    frameworks: tuple[str, str],
    by_hand: Mapping[str, str],
) -> Pairing:
    """Pair everything that can be. Raises BadInput for a name in ``by_hand`` that no side has."""
    return _paired(first, second, frameworks, by_hand, {})


def repaired(pairing: Pairing, told: Mapping[str, str]) -> Pairing:
    """Pair again, with layers (first side's path to the second's) that activations told apart."""
    told = {**pairing.by_activations, **told}
    sides = pairing.first, pairing.second
    found = _paired(*sides, pairing.frameworks, pairing.by_hand, told)
    before = {pair.keys_alone: pair for pair in pairing.tensors}
    tensors = [
        replace(pair, variants=before.get(pair.keys_alone, pair).variants) for pair in found.tensors
    ]
    return findings.added(replace(found, tensors=tuple(tensors)))


def _paired(
    first: ModelTraced,
    second: ModelTraced,
    frameworks: tuple[str, str],
    by_hand: Mapping[str, str],
    told: Mapping[str, str],
) -> Pairing:
    hand = hands.resolve(by_hand, first, second)
    sides = _Side(first, units.of_model(first)), _Side(second, units.of_model(second))
    sure = {path: (target, Sure.ACTIVATIONS) for path, target in told.items()}
    sure |= {path: (target, Sure.BY_HAND) for path, target in hand.layers.items()}
    matches = _matches(sure, *sides)
    tensors, unpaired = paired_tensors(hand, first, second, matches)
    layers = _whole(_layers(matches), tensors, first, second)
    paired = {each.first for each in layers}, {each.second for each in layers}
    found = Pairing(
        frameworks,
        first,
        second,
        layers,
        tensors,
        tuple(_draws(first, second, layers)),
        unpaired,
        (
            tuple(index for index in range(len(first.layers)) if index not in paired[0]),
            tuple(index for index in range(len(second.layers)) if index not in paired[1]),
        ),
        tuple(_ambiguities(hand, *sides)),
        by_hand,
        told,
    )
    return findings.added(found)


def _whole(
    layers: Sequence[PairedLayer],
    tensors: Sequence[PairedTensor],
    first: ModelTraced,
    second: ModelTraced,
) -> tuple[PairedLayer, ...]:
    """Return the layers. Of several that are one on the other side, the last returns the same."""
    names = [[layer.path for layer in model.layers] for model in (first, second)]

    def last(each: PairedLayer, side: int) -> int:
        """Return the other side's last call that has arrays of the same layer."""
        own, other = (names[0][each.first], names[1][each.second])[:: 1 - 2 * side]
        keys = [(pair.first.layer, pair.second.layer)[:: 1 - 2 * side] for pair in tensors]
        partners = {theirs for mine, theirs in keys if mine == own}
        called = [index for index, path in enumerate(names[1 - side]) if path in partners]
        passed = other in partners and names[1 - side][called[-1]] != other
        return called[-1] if passed else (each.second, each.first)[side]

    found: dict[tuple[int, int], PairedLayer] = {}
    for each in layers:
        ends = last(each, 1), last(each, 0)
        found[each.first, each.second] = replace(
            each, compared=each.compared and ends == (each.first, each.second)
        )
        if ends != (each.first, each.second) and each.compared:
            found.setdefault(ends, replace(each, first=ends[0], second=ends[1]))
    return tuple(sorted(found.values(), key=lambda each: (each.first, each.second)))


def _matches(sure: Mapping[str, tuple[str, Sure]], first: _Side, second: _Side) -> list[Match]:
    """Return pairs of units, in the first side's order."""
    matches: list[Match] = []
    for path, (target, why) in sure.items():
        for one, other in zip(first.of(path), second.of(target), strict=False):
            matches.append((one, other, why))
            tails = first.after(one), second.after(other)
            found = align(*tails, units.alike) if one.parts else []
            matches += [(tails[0][i], tails[1][j], Sure.KIND) for i, j in found]
    alike = units.alike
    while True:
        taken = {id(unit) for match in matches for unit in match[:2]}
        ones = [unit for unit in first.units if id(unit) not in taken]
        others = [unit for unit in second.units if id(unit) not in taken]
        found = align(ones, others, alike)
        if not found:
            return sorted(matches, key=lambda match: (match[0].index, match[1].index))
        for i, j in found:
            by_kind = bool(ones[i].kind) and ones[i].kind == others[j].kind
            matches.append((ones[i], others[j], Sure.KIND if by_kind else Sure.SHAPE))
        alike = _in_another_order


def _in_another_order(one: Unit, other: Unit) -> int:
    """Return how alike units are that the order of calls left over."""
    return units.alike(one, other) if one.parts and one == other else 0


def _layers(matches: Sequence[Match]) -> tuple[PairedLayer, ...]:
    """Return calls that are the same, each once; what ends both calls is compared."""
    ended = (
        {one.index for one, _, _ in matches if one.ends},
        {other.index for _, other, _ in matches if other.ends},
    )
    made: dict[tuple[int, int], PairedLayer] = {}
    for one, other, sure in matches:
        key = one.index, other.index
        # A call whose end is nobody's pair is compared by what it returns: something is missing.
        compared = (one.ends or one.index not in ended[0]) and (
            other.ends or other.index not in ended[1]
        )
        before = made.get(key, PairedLayer(*key, sure, compared=False))
        made[key] = PairedLayer(*key, before.sure, before.compared or compared)
    return tuple(made.values())


def _draws(
    first: ModelTraced, second: ModelTraced, layers: Sequence[PairedLayer]
) -> list[tuple[int, int]]:
    """Return pairs of masks, which are numbered in the order of calls."""
    paths = {(first.layers[each.first].path, second.layers[each.second].path) for each in layers}
    ones, others = ({pair[side] for pair in paths} for side in (0, 1))

    def alike(one: TracedDraw, other: TracedDraw) -> int:
        if (one.path, other.path) in paths:
            return 12
        if one.path in ones and other.path in others:
            return 0  # each has another one's pair
        return 4 + (one.rate == other.rate) if one.shape == other.shape else 1

    return align(first.draws, second.draws, alike)


def _ambiguities(hand: hands.ByHand, first: _Side, second: _Side) -> Iterator[Ambiguity]:
    """Yield layers with arrays that are alike, where a side has several."""
    groups: dict[tuple[object, ...], tuple[list[int], list[int]]] = {}
    by_hand = {*hand.layers}, {*hand.layers.values()}
    for side, own in enumerate((first, second)):
        for unit in own.units:
            if unit.parts and not unit.again and own.path(unit) not in by_hand[side]:
                signature = unit.kind, unit.parts, unit.output
                groups.setdefault(signature, ([], []))[side].append(unit.index)
    for ones, others in groups.values():
        if min(len(ones), len(others)) and max(len(ones), len(others)) > 1:
            yield Ambiguity(tuple(ones), tuple(others))
