"""Whether an interval is beyond a limit, within it, or does not tell; and what would tell."""

import math
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.language.phrases import Sentence
from orchestrator.results.estimate import LEVEL

MOST_PAIRS = 1000  # as many as --repeats takes


class Outcome(StrEnum):
    """What is decided: ``failed`` if the whole interval is beyond the limit."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the pairs say of a ``condition`` (its text) on ``side`` against the baseline.

    ``value`` with the ends of its interval, None: unknown, there are too few ``pairs``.
    ``pairs_needed``: how many would decide it if the value stays, None: it is decided, no number
    does, or none of at most `MOST_PAIRS`.
    """

    condition: str
    side: str
    outcome: Outcome
    value: float | None
    low: float | None
    high: float | None
    pairs: int
    pairs_needed: int | None
    sentence: Sentence


def outcome_of(low: float | None, high: float | None, limit: float, *, above: bool) -> Outcome:
    """Decide whether the interval is beyond ``limit``; ``above``: beyond is above it."""
    if low is None or high is None:
        return Outcome.UNDECIDED
    if low > limit if above else high < limit:
        return Outcome.FAILED
    if high <= limit if above else low >= limit:
        return Outcome.PASSED
    return Outcome.UNDECIDED


def pairs_that_decide(
    value: float, low: float, high: float, limit: float, pairs: int
) -> int | None:
    """Return how many pairs would put ``limit`` outside the interval if ``value`` stays.

    On a scale on which the interval is of constant width, such as a ratio's logarithm. An
    interval's half-width shrinks with the square root of the number of pairs, so n pairs become
    n (h / d)^2, where h is the half towards the limit and d the distance to it. None: more than
    `MOST_PAIRS`.
    """
    distance = abs(limit - value)
    half = high - value if limit > value else value - low
    if half <= 0:
        return pairs + 1
    if distance == 0 or half / distance > math.sqrt(MOST_PAIRS / pairs):
        return None
    return min(MOST_PAIRS, max(pairs + 1, math.ceil(pairs * (half / distance) ** 2)))


def level(together: int) -> str:
    """Write the level of each of ``together`` intervals that hold simultaneously."""
    return f"{100 * (1 - (1 - LEVEL) / together):.4g} %"
