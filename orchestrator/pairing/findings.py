"""What a pairing shows: what cannot be the same job, and what is good to know."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from twinrun.contract.traced import TracedDraw, TracedTensor

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.language.words import label, listed
from orchestrator.pairing.result import CHANNELS_FIRST, TRANSPOSED, PairedTensor, Pairing, Sure

# One side only: `has` does it, and the other does not.
_FROZEN = Phrase("{has} freezes {own}, and {other} trains {theirs}.")
_TIED = Phrase(
    "{has} ties {own} to {earlier}: one array in two places. {other} trains {theirs} alone."
)
_UNUSED = Phrase("The loss does not depend on {own} in {has}, but on {theirs} in {other}.")
_ALONE = Phrase("{has} has {own}, which nothing in {other} is paired with.")
_RATES = Phrase(
    "{first} drops {rate} of the values at {own}, and {second} drops {other_rate} at {theirs}."
)
_SHAPES = Phrase(
    "{first} draws a mask of shape {shape} at {own}, and {second} one of {other_shape} at {theirs}."
)
_DRAW = Phrase("{has} drops values at {own}, and {other} drops none there.")
_ITSELF = Phrase("the model's own code")
# Both sides.
_BOTH_TIED = Phrase("Tied on both sides, one array in two places: {names}.")
_ONE_TIED = Phrase("{has} uses {own} again for {names}.")
_BOTH_FROZEN = Phrase("Frozen on both sides: {names}.")
_BOTH_UNUSED = Phrase("The loss depends on them on neither side: {names}.")
_ONE_UNUSED = Phrase("Unused in {has}, absent in {other}: {names}.")
_TURNED = Phrase("Transposed in {has}: {names}.")
_ROWS = Phrase(
    "The rows of {names} in {has} are read as those of an image that was flattened in the other"
    " order."
)
_SHAPE_ALONE = Phrase("Paired by nothing but their shapes and their order: {names}.")
_ALIKE = Phrase(
    "Others are of the same kind and shapes: only the order of calls says which is which: {names}."
)
_TOLD = Phrase("Others are alike; what they do with one batch told them apart: {names}.")
_CROSSED = Phrase("The two sides call {names} in another order.")


def added(pairing: Pairing) -> Pairing:
    """Return the pairing with its faults and notes."""
    faults = [*_one_sided(pairing), *_left(pairing), *_draws(pairing)]
    return replace(pairing, faults=tuple(faults), notes=tuple(_notes(pairing)))


def matters(tensor: TracedTensor) -> bool:
    """Return whether training moves a tensor of its own."""
    return tensor.trained and tensor.used and not tensor.tied_to


def where(draw: TracedDraw) -> str:
    """Return where values are dropped: a path, or the model itself, which has none."""
    return draw.path or english(_ITSELF)


def _names(pairing: Pairing) -> tuple[str, str]:
    return label(pairing.frameworks[0]), label(pairing.frameworks[1])


def _one_sided(pairing: Pairing) -> Iterator[Sentence]:
    """Yield what is true of a pair's one side only."""
    checks: tuple[tuple[Phrase, Callable[[TracedTensor], bool]], ...] = (
        (_FROZEN, lambda tensor: not tensor.trained),
        (_TIED, lambda tensor: bool(tensor.tied_to)),
        (_UNUSED, _unused),
    )
    names = _names(pairing)
    for pair in pairing.tensors:
        for phrase, holds in checks:
            sides = (pair.first, pair.second)
            found = [holds(side) for side in sides]
            if found[0] != found[1]:
                one = found.index(True)
                yield english(
                    phrase,
                    has=names[one],
                    own=sides[one].key,
                    earlier=sides[one].tied_to,
                    other=names[1 - one],
                    theirs=sides[1 - one].key,
                )


def _left(pairing: Pairing) -> Iterator[Sentence]:
    names = _names(pairing)
    for side, unpaired in enumerate(pairing.unpaired):
        for each in unpaired:
            if matters(each.tensor):
                yield english(_ALONE, has=names[side], own=each.tensor.key, other=names[1 - side])


def _draws(pairing: Pairing) -> Iterator[Sentence]:
    names = _names(pairing)
    for one, other in pairing.draws:
        first, second = pairing.first.draws[one], pairing.second.draws[other]
        words = {"first": names[0], "second": names[1]}
        words |= {"own": where(first), "theirs": where(second)}
        if first.rate != second.rate:
            yield english(_RATES, rate=first.rate, other_rate=second.rate, **words)
        if first.shape != second.shape:
            yield english(_SHAPES, shape=first.shape, other_shape=second.shape, **words)
    for side, model in enumerate((pairing.first, pairing.second)):
        paired = {draw[side] for draw in pairing.draws}
        for index, draw in enumerate(model.draws):
            if index not in paired and draw.rate:
                yield english(_DRAW, has=names[side], own=where(draw), other=names[1 - side])


def _notes(pairing: Pairing) -> Iterator[Sentence]:
    pairs, names = pairing.tensors, _names(pairing)

    def all_of(holds: Callable[[PairedTensor], bool]) -> list[str]:
        return [pair.name for pair in pairs if holds(pair)]

    yield from _of(_BOTH_TIED, all_of(lambda pair: pair.tied))
    yield from _of(_BOTH_FROZEN, all_of(lambda pair: _both(pair, _frozen)))
    yield from _of(_BOTH_UNUSED, all_of(lambda pair: _both(pair, _unused)))
    for side, unpaired in enumerate(pairing.unpaired):
        words = {"has": names[side], "other": names[1 - side]}
        unused = [each.tensor.key for each in unpaired if _unused(each.tensor)]
        yield from _of(_ONE_UNUSED, unused, **words)
        for each in unpaired:
            if each.tensor.tied_to:
                yield english(_ONE_TIED, own=each.tensor.tied_to, names=each.tensor.key, **words)
        for phrase, variant in ((_TURNED, TRANSPOSED), (_ROWS, CHANNELS_FIRST)):
            keys = [
                (pair.first, pair.second)[side].key
                for pair in pairs
                if variant in pair.variants[side] and pair.variants[0] != pair.variants[1]
            ]
            yield from _of(phrase, keys, **words)
    yield from _of(_SHAPE_ALONE, all_of(lambda pair: pair.sure is Sure.SHAPE))
    for phrase, sure in ((_TOLD, Sure.ACTIVATIONS), (_ALIKE, Sure.KIND)):
        yield from _of(phrase, _alike(pairing, sure))
    yield from _of(_CROSSED, _crossed(pairing))


def _both(pair: PairedTensor, holds: Callable[[TracedTensor], bool]) -> bool:
    return holds(pair.first) and holds(pair.second)


def _unused(tensor: TracedTensor) -> bool:
    return tensor.trained and not tensor.used


def _frozen(tensor: TracedTensor) -> bool:
    """Return whether a tensor that a gradient could train is kept: a statistic is no such one."""
    return not tensor.trained and tensor.used and not tensor.part.startswith("moving_")


def _of(phrase: Phrase, names: Iterable[str], **words: str) -> Iterator[Sentence]:
    """Yield the sentence about all of ``names``, if there are any."""
    found = list(names)
    if found:
        yield english(phrase, names=listed(found), **words)


def _alike(pairing: Pairing, sure: Sure) -> list[str]:
    """Return the first side's layers that others are like, and that were paired for a reason."""
    alike = {index for each in pairing.ambiguities for index in each.first}
    found = [each.first for each in pairing.layers if each.sure is sure and each.first in alike]
    return list(dict.fromkeys(pairing.first.layers[index].path for index in found))


def _crossed(pairing: Pairing) -> list[str]:
    """Return layers of the first side that the second calls before an earlier one's pair."""
    last, found = -1, []
    for pair in pairing.layers:
        if pair.second < last:
            found.append(pairing.first.layers[pair.first].path)
        last = max(last, pair.second)
    return list(dict.fromkeys(found))
