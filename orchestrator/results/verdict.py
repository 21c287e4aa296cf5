"""Which side trained faster, by how much, and how certain that is: figures, and the sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.language.words import label
from orchestrator.results.estimate import Estimate, estimate
from orchestrator.results.quantities import EPOCH
from orchestrator.trials.trial import Trial

LEVEL_BELOW = 1.01  # a smaller ratio is not reported as a difference

_FASTER = Phrase("{faster} trained {ratio:.2f} times as fast as {slower} ({basis}).")
_LEVEL = Phrase("{faster} and {slower} trained level within 1 % ({basis}).")
_NOT_SHOWN = Phrase(
    "No difference is shown between the training of {faster} and {slower}; one below {least:.1%} "
    "could not have been seen ({pairs} pairs)."
)
_INTERVAL = Phrase("95 %: {low:.2f} to {high:.2f}, {pairs} pairs")
_NONE_SHOWN = Phrase(
    "No difference is shown between the training of {faster} and {slower}; one below {least:.1%} "
    "could not have been seen ({pairs} blocks, {together} ratios at once)."
)
_INTERVALS = Phrase("95 %, {together} ratios at once: {low:.2f} to {high:.2f}, {pairs} blocks")
_FEW = Phrase("{pairs} pairs: provisional")
_ONE = Phrase("one trial each: provisional")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which of two sides trained faster, by the seconds of an epoch, medians over the trials.

    ``ratio``: how many times as fast, with the ends of its 95 % interval, None if there are too few
    ``pairs``, and the verdict is ``provisional``. ``shown``: there is a difference of relevant
    size. ``level``: too close to matter. ``pair_ratios``: of each pair, by its number, the slower
    one's seconds over the faster one's. ``together``: the intervals of this many verdicts hold
    simultaneously.
    """

    faster: str
    slower: str
    ratio: float
    low: float | None
    high: float | None
    pairs: int
    shown: bool
    level: bool
    provisional: bool
    least_seen: float | None
    pair_ratios: Mapping[int, float]
    seconds: Mapping[str, float]
    sentence: Sentence
    together: int = 1


def verdict(trials: Mapping[str, Sequence[Trial]], together: int = 1) -> Verdict:
    """Compare two sides, whose trials all succeeded. Raises ValueError if there is no pair."""
    by_number = {
        side: {trial.number: EPOCH.measure(trial, None) or 0.0 for trial in group}
        for side, group in trials.items()
    }
    seconds = {side: EPOCH.of(group, None) or 0.0 for side, group in trials.items()}
    one, other = sorted(seconds, key=lambda side: seconds[side])
    ratio = _estimate(by_number[one], by_number[other], together)
    faster, slower = one, other
    if ratio.ratio < 1:  # the pairs say more than the medians
        faster, slower = other, one
        ratio = _estimate(by_number[faster], by_number[slower], together)
    provisional = ratio.half_width is None
    level = ratio.ratio < LEVEL_BELOW and (provisional or ratio.shown)
    return Verdict(
        faster=faster,
        slower=slower,
        ratio=ratio.ratio,
        low=ratio.low,
        high=ratio.high,
        pairs=ratio.pairs,
        shown=ratio.ratio >= LEVEL_BELOW and ratio.shown,
        level=level,
        provisional=provisional,
        least_seen=ratio.half_width,
        pair_ratios={
            number: by_number[slower][number] / by_number[faster][number]
            for number in sorted(by_number[faster].keys() & by_number[slower].keys())
        },
        seconds=seconds,
        sentence=_sentence(faster, slower, ratio, together, level=level),
        together=together,
    )


def _estimate(first: Mapping[int, float], second: Mapping[int, float], together: int) -> Estimate:
    numbers = sorted(first.keys() & second.keys())
    return estimate([first[n] for n in numbers], [second[n] for n in numbers], together)


def _sentence(faster: str, slower: str, found: Estimate, together: int, *, level: bool) -> Sentence:
    names = {"faster": label(faster), "slower": label(slower), "ratio": found.ratio}
    if found.half_width is not None and not found.shown:
        phrase = _NOT_SHOWN if together == 1 else _NONE_SHOWN
        counts = {"pairs": found.pairs, "together": together}
        return english(phrase, **names, least=found.half_width, **counts)
    return english(_LEVEL if level else _FASTER, **names, basis=basis(found, together))


def basis(found: Estimate, together: int) -> Sentence:
    """Say what an estimate is based on: its interval, or why it has none."""
    if found.half_width is not None:
        phrase = _INTERVAL if together == 1 else _INTERVALS
        return english(phrase, together=together, low=found.low, high=found.high, pairs=found.pairs)
    return english(_ONE) if found.pairs == 1 else english(_FEW, pairs=found.pairs)


__all__ = ["LEVEL_BELOW", "Verdict", "basis", "verdict"]
