"""A value with its interval and a limit -> the decision, in a sentence with its reason."""

import math
from dataclasses import dataclass

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.language.words import percent
from orchestrator.results.estimate import Amount, Estimate, fewest_pairs
from orchestrator.results.limits.condition import Condition
from orchestrator.results.limits.decision import (
    Decision,
    Outcome,
    level,
    outcome_of,
    pairs_that_decide,
)

_SENTENCES = {
    Outcome.FAILED: Phrase("Failed, because {condition}: {what} ({basis})."),
    Outcome.PASSED: Phrase("Passed, because {condition} is ruled out: {what} ({basis})."),
    Outcome.UNDECIDED: Phrase("Not decided whether {condition}: {what} ({basis})."),
}
_NOTHING = Phrase("Not decided whether {condition}: {why}")
_TOO_CLOSE = Phrase("{sentence} It is so close to the limit that more of them hardly decide it.")
_BUSY = Phrase("{sentence} Others took {share} of the CPUs, so this time decides nothing.")


@dataclass(frozen=True, slots=True)
class Unit:
    """What is counted, and how it is said: an interval, that there is none, how many would do."""

    interval: Phrase
    few: Phrase
    one_seed: Phrase
    would_do: Phrase


PAIRS = Unit(
    Phrase("{level}: {low} to {high}, {count} pairs"),
    Phrase("pairs: {count}; an interval needs {fewest}"),
    Phrase("{count} pairs, all of one seed"),
    Phrase("{sentence} If it stays so, about {needed:,} pairs would decide it."),
)
TRIALS = Unit(
    Phrase("{level}: {low} to {high}, at least {count} trials a run"),
    Phrase("trials of the shorter run: {count}; an interval needs {fewest}"),
    PAIRS.one_seed,
    Phrase("{sentence} If it stays so, about {needed:,} trials a run would decide it."),
)


def decide(
    condition: Condition,
    side: str,
    found: Estimate | Amount,
    what: Sentence,
    *,
    together: int,
    busy: float | None = None,
    unit: Unit = PAIRS,
) -> Decision:
    """Decide a condition on ``side``; ``what``: a clause that says the value.

    ``together``: so many intervals hold simultaneously. ``busy``: the share of the CPUs that others
    took, if it was too much for any decision; None: it was not.
    """
    value, needed = found.ratio if isinstance(found, Estimate) else found.value, None
    outcome = outcome_of(found.low, found.high, condition.limit, above=condition.above)
    busy = None if found.low is None else busy  # too few pairs are said first
    outcome = outcome if busy is None else Outcome.UNDECIDED
    basis = _basis(found, together, unit)
    sentence = english(_SENTENCES[outcome], condition=condition.text, what=what, basis=basis)
    if busy is not None:
        sentence = english(_BUSY, sentence=sentence, share=percent(busy))
    elif outcome is Outcome.UNDECIDED:
        needed = _needed(found, condition.limit, together)
        sentence = english(
            unit.would_do if needed else _TOO_CLOSE, sentence=sentence, needed=needed
        )
    ends = found.low, found.high, found.pairs
    return Decision(condition.text, side, outcome, value, *ends, needed, sentence)


def undecided(condition: Condition, side: str, why: Sentence) -> Decision:
    """Leave a condition open; ``why``: the rest of a sentence."""
    sentence = english(_NOTHING, condition=condition.text, why=why)
    return Decision(*(condition.text, side, Outcome.UNDECIDED, None, None, None, 0, None, sentence))


def _basis(found: Estimate | Amount, together: int, unit: Unit) -> Sentence:
    fewest = fewest_pairs(together)
    if found.low is None or found.high is None:
        phrase = unit.few if found.pairs < fewest else unit.one_seed
        return english(phrase, count=found.pairs, fewest=fewest)
    form = ".3f" if isinstance(found, Estimate) else ".4g"
    ends = {"low": format(found.low, form), "high": format(found.high, form)}
    return english(unit.interval, level=level(together), count=found.pairs, **ends)


def _needed(found: Estimate | Amount, limit: float, together: int) -> int | None:
    """Return how many would decide it, None: too many; a ratio counts by its logarithm."""
    if found.low is None or found.high is None:
        fewest = fewest_pairs(together)
        return fewest if found.pairs < fewest else None
    if isinstance(found, Estimate):
        value, low, high, limit = map(math.log, (found.ratio, found.low, found.high, limit))
        return pairs_that_decide(value, low, high, limit, found.pairs)
    return pairs_that_decide(found.value, found.low, found.high, limit, found.pairs)
