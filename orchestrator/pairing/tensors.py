"""Pair the tensors of two models whose layers are paired."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from twinrun.contract.traced import ModelTraced, TracedTensor

from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english
from orchestrator.pairing.alignment import align
from orchestrator.pairing.by_hand import ByHand, bare_key
from orchestrator.pairing.result import (
    TRANSPOSED,
    PairedTensor,
    Sure,
    Unpaired,
)
from orchestrator.pairing.units import Unit

_CANDIDATES = 3
_OTHER_SHAPE = Phrase(
    'code.pairs: "{one}" has the shape {shape}, and "{other}" has {found}: they cannot be one'
    " array."
)

Left = dict[str, TracedTensor]
Unpaireds = tuple[Unpaired, ...]


def paired_tensors(
    hand: ByHand,
    first: ModelTraced,
    second: ModelTraced,
    matches: Iterable[tuple[Unit, Unit, Sure]],
) -> tuple[tuple[PairedTensor, ...], tuple[Unpaireds, Unpaireds]]:
    """Return the pairs in the first side's order, and what is left. Raises BadInput."""
    ones, others = _by_key(first), _by_key(second)
    made: list[PairedTensor] = []

    def add(pairs: Iterable[PairedTensor]) -> None:
        for each in pairs:
            if each.first.key in ones and each.second.key in others:
                del ones[each.first.key], others[each.second.key]
                made.append(each)

    add([_by_hand(mine, theirs, ones, others) for mine, theirs in hand.tensors.items()])
    for path, target in hand.layers.items():
        own = [tensor for tensor in ones.values() if tensor.layer == path]
        add(_of_layer(own, [t for t in others.values() if t.layer == target], Sure.BY_HAND))
    for one, other, sure in matches:
        add(_of_unit(one, other, sure))
    own, theirs = list(ones.values()), list(others.values())
    add(_paired(own[i], theirs[j], Sure.SHAPE) for i, j in align(own, theirs, _alike))
    place = {tensor.key: index for index, tensor in enumerate(first.tensors)}
    left = tuple(_unpaired(ones, others)), tuple(_unpaired(others, ones))
    return tuple(sorted(made, key=lambda each: place[each.name])), left


def fit(one: TracedTensor, other: TracedTensor) -> tuple[str, str] | None:
    """Return the variants in which they have one shape; None: there are none."""
    if one.shape == other.shape:
        return "", ""
    if one.shape == other.shape[::-1]:
        if TRANSPOSED in one.variants:
            return TRANSPOSED, ""
        if TRANSPOSED in other.variants:
            return "", TRANSPOSED
    return None


def _by_key(model: ModelTraced) -> Left:
    return {tensor.key: tensor for tensor in model.tensors}


def _paired(one: TracedTensor, other: TracedTensor, sure: Sure) -> PairedTensor:
    return PairedTensor(one, other, sure, fit(one, other) or ("", ""))


def _by_hand(mine: str, theirs: str, ones: Left, others: Left) -> PairedTensor:
    one, other = ones[bare_key(mine)], others[bare_key(theirs)]
    said = mine.removeprefix(one.key), theirs.removeprefix(other.key)
    found = PairedTensor(one, other, Sure.BY_HAND, said if any(said) else fit(one, other) or said)
    turned = other.shape[::-1] if TRANSPOSED in found.variants[1] else other.shape
    if found.shape != turned:
        raise BadInput(
            english(_OTHER_SHAPE, one=mine, shape=one.shape, other=theirs, found=other.shape)
        )
    return found


def _of_unit(one: Unit, other: Unit, sure: Sure) -> Iterator[PairedTensor]:
    """Yield pairs of the parts of two layers."""
    if not (one.kind and other.kind):
        yield from _of_layer(one.tensors, other.tensors, sure)
        return
    parts = {part: each for (part, _), each in zip(other.parts, other.tensors, strict=True)}
    for (part, _), tensor in zip(one.parts, one.tensors, strict=True):
        if part in parts and fit(tensor, parts[part]) is not None:
            yield _paired(tensor, parts[part], sure)


def _of_layer(
    ones: Sequence[TracedTensor], others: Sequence[TracedTensor], sure: Sure
) -> Iterator[PairedTensor]:
    """Yield pairs by part, then by shape in their order."""
    left = list(others)
    for by_part in (True, False):
        for one in ones:
            fits = [o for o in left if fit(one, o) is not None]
            found = next((o for o in fits if not by_part or o.part == one.part), None)
            if found is not None:
                left.remove(found)
                yield _paired(one, found, sure)
                ones = [each for each in ones if each is not one]


_KNOWN_PARTS = frozenset(
    [
        "kernel",
        "bias",
        "gamma",
        "beta",
        "moving_mean",
        "moving_variance",
        "table",
        "recurrent_kernel",
        "recurrent_bias",
        "depthwise_kernel",
        "pointwise_kernel",
        "query_kernel",
        "query_bias",
        "key_kernel",
        "key_bias",
        "value_kernel",
        "value_bias",
        "output_kernel",
        "output_bias",
    ]
)


def _alike(one: TracedTensor, other: TracedTensor) -> int:
    """Return how alike two tensors are whose layers are no pair."""
    if fit(one, other) is None:
        return 0
    if one.part == other.part:
        return 4 + (one.trained == other.trained)
    # A bias is no gamma, even if they have one shape.
    both = {one.part.rpartition(".")[2], other.part.rpartition(".")[2]}
    return 0 if both <= _KNOWN_PARTS else 1 + (one.trained == other.trained)


def _unpaired(ones: Left, others: Left) -> Iterator[Unpaired]:
    for one in ones.values():
        near = [
            (_differences(one, other), other.key)
            for other in others.values()
            if one.part == other.part or sorted(one.shape) == sorted(other.shape)
        ]
        yield Unpaired(one, tuple(key for _, key in sorted(near)[:_CANDIDATES]))


def _differences(one: TracedTensor, other: TracedTensor) -> tuple[bool, bool, int]:
    shapes = zip_longest(one.shape, other.shape, fillvalue=0)
    sizes = sorted(one.shape) != sorted(other.shape)
    return one.part != other.part, sizes, sum(abs(mine - theirs) for mine, theirs in shapes)
