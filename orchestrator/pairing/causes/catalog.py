"""All causes, and which of them explains where two models part."""

from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from orchestrator.language.phrases import Phrase, Sentence
from orchestrator.pairing.causes import (
    activations,
    data,
    dropouts,
    forms,
    inputs,
    layers,
    statistics,
    steps,
)
from orchestrator.pairing.causes.clues import Cause, Tried, clues
from orchestrator.pairing.locate import Located, Place
from orchestrator.pairing.measure import turned_gap
from orchestrator.pairing.result import Arrays, Pairing

# What is most particular comes first: of several that fit, the first is named.
CAUSES: tuple[Cause, ...] = (
    *inputs.CAUSES,
    *data.CAUSES,
    *layers.CAUSES,
    *dropouts.CAUSES,
    *statistics.CAUSES,
    *forms.CAUSES,
    *activations.CAUSES,
    *steps.CAUSES,
)
_FALLS = 1e-3  # What is undone leaves no more of the difference.


class Proof(StrEnum):
    """How a cause is known."""

    TRIED = "tried"  # undone on the arrays: the difference is gone
    SHOWN = "shown"  # by the pairing alone
    GUESSED = "guessed"  # it is there, but what it does cannot be tried


@dataclass(frozen=True, slots=True)
class Why:
    """A cause that explains it: if ``change`` were made, the difference would be ``after``.

    If it was not tried, ``change`` is a sentence that says what is to be seen.
    """

    key: str
    name: Phrase
    change: Sentence
    before: float = np.nan
    after: float = np.nan
    proof: Proof = Proof.TRIED


def explained(pairing: Pairing, located: Located, first: Arrays, second: Arrays) -> tuple[Why, ...]:
    """Return the causes that explain the difference within rounding, the most particular first.

    Each is undone on the traced arrays; what leaves more than the tolerance is not named.
    """
    if located.place is Place.NOWHERE:
        return ()
    found = clues(pairing, located, first, second)
    whys: list[Why] = []
    for cause in sorted(CAUSES, key=lambda each: each.general):
        if cause.general and whys:
            break
        why = None
        # A setting that is no number where one is due is nothing to be tried.
        with np.errstate(all="ignore"), suppress(ValueError):
            fits = (_why(cause, tried, located) for tried in cause.find(found))
            why = next((each for each in fits if each is not None), None)
        if why is not None:
            whys.append(why)
    return tuple(whys)


def _why(cause: Cause, tried: Tried, located: Located) -> Why | None:
    after = turned_gap(tried.made, tried.wanted)
    if not np.isfinite(after) or after > min(located.tolerance, located.gap * _FALLS):
        return None
    return Why(cause.key, cause.name, tried.change, located.gap, after)
