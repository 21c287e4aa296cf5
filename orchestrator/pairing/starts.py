"""Whether two models, left to themselves, start from values that are drawn alike."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import COMMA, label
from orchestrator.pairing.result import Arrays, PairedTensor, Pairing

_OTHER = Phrase(
    "Left to themselves, the two start from other values: {names}. Here both start from {first}'s."
)
_EACH = Phrase("`{name}` from {one:.3g} in {first} and `{theirs}` from {two:.3g} in {second}")
_MORE = Phrase("{listed}, and {count} more")
_FACTOR = 1.25  # of the root mean squares: above the noise of this many draws
_LEAST_DRAWS = 64
_LISTED = 2


@dataclass(frozen=True, slots=True)
class _Start:
    """Root mean squares of an array's initial values on both sides."""

    pair: PairedTensor
    one: float
    two: float
    constant: bool

    @property
    def apart(self) -> tuple[bool, float]:
        """By how much they differ, to be sorted by: constants of both sides are no chance."""
        least, most = sorted([self.one, self.two])
        return self.constant, most / least if least else np.inf


def starts(pairing: Pairing, first: Arrays, second: Arrays) -> Iterator[Sentence]:
    """Yield a sentence if some arrays' own initial values are of another size on each side.

    ``first`` and ``second``: of traces in which each side starts from its own. Constants differ if
    they are not equal, random values by the root of their mean square.
    """
    found = [each for pair in pairing.once if (each := _start(pair, first, second)) is not None]
    if not found:
        return
    found.sort(key=lambda each: each.apart, reverse=True)
    names = {"first": label(pairing.frameworks[0]), "second": label(pairing.frameworks[1])}
    texts = [
        english(
            _EACH,
            name=each.pair.first.key,
            theirs=each.pair.second.key,
            one=each.one,
            two=each.two,
            **names,
        )
        for each in found[:_LISTED]
    ]
    listed = join(COMMA, texts)
    if more := len(found) - len(texts):
        listed = english(_MORE, listed=listed, count=more)
    yield english(_OTHER, names=listed, first=names["first"])


def _start(pair: PairedTensor, first: Arrays, second: Arrays) -> _Start | None:
    arrays = first.get(f"initial/{pair.first.key}"), second.get(f"initial/{pair.second.key}")
    if arrays[0] is None or arrays[1] is None or not arrays[0].size:
        return None
    one, two = (np.asarray(each, np.float64) for each in arrays)
    sizes = [float(np.sqrt(np.square(each).mean())) for each in (one, two)]
    constant = [bool(each.min() == each.max()) for each in (one, two)]
    if all(constant):
        differ = sizes[0] != sizes[1] or one.flat[0] != two.flat[0]
    else:
        drawn = constant[0] != constant[1] or one.size >= _LEAST_DRAWS
        differ = drawn and max(sizes) > _FACTOR * min(sizes)
    return _Start(pair, sizes[0], sizes[1], all(constant)) if differ else None
