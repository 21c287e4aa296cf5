"""A pairing -> tables: which array is which, in which layout, how sure that is, what is left."""

from collections.abc import Iterator, Sequence
from typing import assert_never

from twinrun.contract.traced import TracedTensor

from orchestrator.language.phrases import Phrase, Sentence, english, join, say
from orchestrator.language.words import COMMA, label
from orchestrator.pairing.result import (
    CHANNELS_FIRST,
    TRANSPOSED,
    PairedTensor,
    Pairing,
    Sure,
    Unpaired,
)
from orchestrator.reports.grid import (
    BLANK,
    UNKNOWN,
    Cell,
    Column,
    Grid,
    Part,
    Row,
    Said,
    columns,
    row,
)

_ARRAY, _SHAPE = Phrase("Array"), Phrase("shape")
_UNUSUAL, _SURE, _IS = Phrase("remarks"), Phrase("paired by"), Phrase("what it is")
_CLOSEST = Phrase("closest on the other side")
_LEFT = Phrase("Unpaired in {framework}:")
_NONE_LEFT = Phrase("{count} arrays are paired, and none is left over.")
_SOME_LEFT = Phrase("{count} arrays are paired; {first} of {one} and {second} of {other} are not.")
_CANNOT = Phrase("What cannot be the same job:")
_TURNED = Phrase("transposed in {framework}")
_ROWS = Phrase("rows in the other order in {framework}")
_HAND, _BATCH = Phrase("hand"), Phrase("what it does with one batch")
_KIND, _SHAPE_ALONE = Phrase("kind and order"), Phrase("shape and order alone")
_TRAINED, _BUFFER = Phrase("trained"), Phrase("kept, not trained")
_UNUSED = Phrase("not used")
_TIED = Phrase("tied to {key}")
_ONE_SIDE = Phrase("{what} in {framework}")


def report(pairing: Pairing) -> Iterator[Part]:
    """Yield the paired arrays, what is left of each side, what cannot be, and what is noted."""
    yield paired(pairing)
    for framework, unpaired in zip(pairing.frameworks, pairing.unpaired, strict=True):
        if unpaired:
            said = say(_LEFT, framework=label(framework))
            yield from (BLANK, Said(said, strong=True), left(unpaired))
    yield from (BLANK, Said(say(summary(pairing)), strong=True))
    if pairing.faults:
        yield from (BLANK, Said(say(_CANNOT), strong=True))
    yield from (Said(say(fault)) for fault in pairing.faults)
    if notes := (*pairing.notes, *pairing.starts):
        yield BLANK
    yield from (Said(say(note)) for note in notes)


def summary(pairing: Pairing) -> Sentence:
    """Say how many arrays are paired, and how many are not."""
    count, left_over = len(pairing.tensors), [len(each) for each in pairing.unpaired]
    if not any(left_over):
        return english(_NONE_LEFT, count=count)
    one, other = map(label, pairing.frameworks)
    return english(
        _SOME_LEFT, count=count, first=left_over[0], one=one, second=left_over[1], other=other
    )


def paired(pairing: Pairing) -> Grid:
    """Return each pair: both keys, the shape, what is unusual, and how sure that is."""
    names = [label(framework) for framework in pairing.frameworks]
    keys = [Column(Cell(name), numeric=False) for name in names]
    heads = [*keys, *columns(_SHAPE, _UNUSUAL, _SURE, numeric=False)]
    return Grid(heads, [_row(pair, names) for pair in pairing.tensors])


def _row(pair: PairedTensor, names: Sequence[str]) -> Row:
    shapes = dict.fromkeys([_shape(pair.first), _shape(pair.second)])
    unusual = [*_layouts(pair, names), *_what_both(pair, names)]
    texts = [
        pair.first.key,
        pair.second.key,
        ", ".join(shapes),
        say(join(COMMA, unusual)) if unusual else "",
        say(sure(pair.sure)),
    ]
    differs = _what(pair.first) != _what(pair.second) and not pair.tied
    return Row([Cell(text) for text in texts], differs=differs)


def left(unpaired: Sequence[Unpaired]) -> Grid:
    """Return what has no pair, and what on the other side is most like it."""
    return Grid(
        columns(_ARRAY, _SHAPE, _IS, _CLOSEST, numeric=False),
        [
            row(
                each.tensor.key,
                [
                    _shape(each.tensor),
                    say(_what(each.tensor)),
                    ", ".join(each.candidates) or UNKNOWN,
                ],
            )
            for each in unpaired
        ],
    )


def sure(found: Sure) -> Sentence:
    """Say why something was paired."""
    match found:
        case Sure.BY_HAND:
            return english(_HAND)
        case Sure.ACTIVATIONS:
            return english(_BATCH)
        case Sure.KIND:
            return english(_KIND)
        case Sure.SHAPE:
            return english(_SHAPE_ALONE)
        case _:
            assert_never(found)


def _shape(tensor: TracedTensor) -> str:
    return f"[{', '.join(map(str, tensor.shape))}]"


def _layouts(pair: PairedTensor, names: Sequence[str]) -> list[Sentence]:
    """Return what has to be turned so that both have one layout."""
    return [
        english(phrase, framework=name)
        for name, variant in zip(names, pair.variants, strict=True)
        for suffix, phrase in ((TRANSPOSED, _TURNED), (CHANNELS_FIRST, _ROWS))
        if suffix in variant
    ]


def _what(tensor: TracedTensor) -> Sentence:
    """Say what becomes of a tensor."""
    if tensor.tied_to:
        return english(_TIED, key=tensor.tied_to)
    if not tensor.trained:
        return english(_BUFFER)
    return english(_TRAINED if tensor.used else _UNUSED)


def _what_both(pair: PairedTensor, names: Sequence[str]) -> list[Sentence]:
    """Return what becomes of a pair, unless both sides train it."""
    one, other = _what(pair.first), _what(pair.second)
    if one == other or pair.tied:
        return [] if one == english(_TRAINED) else [one]
    sides = zip((one, other), names, strict=True)
    return [english(_ONE_SIDE, what=what, framework=name) for what, name in sides]
