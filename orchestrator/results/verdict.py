"""Which side trained faster, by how much, and how certain that is: figures, and the sentence.

The sentence is a headline. It names a faster side only if the trials show one: there are enough
pairs, and others left the CPUs to them. Otherwise it says what was measured, and `below` has the
ratio.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from twinrun.contract.enums import Device

from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import COMMA, label, number, percent
from orchestrator.results.circumstances import OTHER_CPUS, taken
from orchestrator.results.estimate import Estimate, centre
from orchestrator.results.machines.effect import estimate_over
from orchestrator.results.quantities import EPOCH
from orchestrator.trials.sides import are_the_same
from orchestrator.trials.trial import Trial

LEVEL_BELOW = 1.01  # a smaller ratio is not reported as a difference
# Of the CPUs, in the median of the trials: beyond it a ratio is one of how the sides bear
# disturbance. A busy machine does not slow both alike.
DISTURBED = 0.25

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
_INTERVAL_ON = Phrase(
    "95 %: {low:.2f} to {high:.2f}, {pairs} pairs on {machines} machines, which it covers too"
)
_INTERVALS_ON = Phrase(
    "95 %, {together} ratios at once: {low:.2f} to {high:.2f}, {pairs} blocks on {machines} "
    "machines, which they cover too"
)
_INTERVALS = Phrase("95 %, {together} ratios at once: {low:.2f} to {high:.2f}, {pairs} blocks")
_FEW = Phrase("{pairs} pairs: provisional")
_ONE = Phrase("one trial each: provisional")
_MEASURED = Phrase(
    "{first} took {first_seconds} s an epoch and {second} {second_seconds} s: {reasons}, which "
    "does not show who is faster."
)
_ONLY_ONE, _ONLY = Phrase("only one trial each"), Phrase("only {pairs} pairs of trials")
_TAKEN = Phrase("{share} of the CPUs taken by others")
_ITSELF = Phrase(
    "{first} took {first_seconds} s an epoch and {second} {second_seconds} s: they are the same, "
    "so the difference is noise."
)
_RATIO = Phrase("Measured: {slower} took {ratio:.2f} times as long as {faster} ({basis}).")
_CLOCKS = Phrase(
    "Others took {share} of the CPUs: by wall clock {slower} took {wall:.2f} times as long as "
    "{faster}, by CPU seconds {cpu:.2f} times."
)
_DISAGREE = Phrase(
    "Others took {share} of the CPUs: by wall clock {slower} took {wall:.2f} times as long as "
    "{faster}, by CPU seconds only {cpu:.2f} times. The two disagree on who is faster."
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which of two sides trained faster, by the seconds of an epoch, medians over the trials.

    ``ratio``: how many times as fast, with the ends of its 95 % interval, None if there are too few
    ``pairs``, and the verdict is ``provisional``. ``taken``: the share of the CPUs that others
    took, None if not known. ``decided``: neither forbids to say who is faster. Only then
    ``shown``: there is a difference of relevant size, or ``level``: too close to matter.
    ``pair_ratios``: of each pair, by its number, the slower one's seconds over the faster one's.
    ``cpu_ratio``: the same of CPU seconds, on a CPU. ``together``: the intervals of this many
    verdicts hold simultaneously. ``machines``: on so many the pairs ran, and the interval covers
    machines as well if there are several.
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
    decided: bool = True
    taken: float | None = None
    cpu_ratio: float | None = None
    machines: int = 1


def verdict(trials: Mapping[str, Sequence[Trial]], together: int = 1) -> Verdict:
    """Compare two sides, whose trials all succeeded. Raises ValueError if there is no pair."""
    by_number = {
        side: {trial.number: EPOCH.measure(trial, None) or 0.0 for trial in group}
        for side, group in trials.items()
    }
    seconds = {side: EPOCH.of(group, None) or 0.0 for side, group in trials.items()}
    one, other = sorted(seconds, key=lambda side: seconds[side])
    where = {trial.number: trial.machine for trial in itertools.chain(*trials.values())}
    machines = len(set(where.values()))
    ratio = _estimate(by_number[one], by_number[other], where, together)
    faster, slower = one, other
    if ratio.ratio < 1:  # the pairs say more than the medians
        faster, slower = other, one
        ratio = _estimate(by_number[faster], by_number[slower], where, together)
    shares = [share for t in itertools.chain(*trials.values()) if (share := taken(t)) is not None]
    share = median(shares) if shares else None
    provisional = ratio.half_width is None
    decided = not provisional and (share or 0.0) <= DISTURBED
    level = decided and ratio.shown and ratio.ratio < LEVEL_BELOW
    shown = decided and ratio.shown and not level
    itself = are_the_same((faster, slower))
    if itself and (shown or not decided):
        sentence = english(_ITSELF, **_seconds(seconds))
    elif decided:
        sentence = _sentence(faster, slower, ratio, together, machines, level=level)
    else:
        sentence = english(_MEASURED, **_seconds(seconds), reasons=_reasons(ratio, share))
    return Verdict(
        faster=faster,
        slower=slower,
        ratio=ratio.ratio,
        low=ratio.low,
        high=ratio.high,
        pairs=ratio.pairs,
        shown=shown and not itself,
        level=level,
        provisional=provisional,
        least_seen=ratio.half_width,
        pair_ratios={
            number: by_number[slower][number] / by_number[faster][number]
            for number in sorted(by_number[faster].keys() & by_number[slower].keys())
        },
        seconds=seconds,
        sentence=sentence,
        together=together,
        decided=decided,
        taken=share,
        cpu_ratio=_cpu_ratio(trials[faster], trials[slower]),
        machines=machines,
    )


def _estimate(
    first: Mapping[int, float], second: Mapping[int, float], on: Mapping[int, str], together: int
) -> Estimate:
    numbers = sorted(first.keys() & second.keys())
    machines = [on[number] for number in numbers]
    return estimate_over(
        [first[n] for n in numbers], [second[n] for n in numbers], machines, together
    )


def _cpu_ratio(faster: Sequence[Trial], slower: Sequence[Trial]) -> float | None:
    """Return the ratio of CPU seconds of an epoch; None if a trial of a CPU lacks them."""
    first, second = ({t.number: _cpu_seconds(t) for t in side} for side in (faster, slower))
    pairs = [(first[n], second[n]) for n in sorted(first.keys() & second.keys())]
    ratios = [math.log(b / a) for a, b in pairs if a and b]
    if not ratios or len(ratios) < len(pairs):
        return None
    return math.exp(float(centre(np.array(ratios))))


def _cpu_seconds(trial: Trial) -> float | None:
    if trial.spec is None or trial.spec.device is not Device.CPU:
        return None  # a GPU's work takes no CPU seconds
    used = [epoch.load.own_cpu_seconds for epoch in trial.epochs if epoch.load]
    return median(used) if used else None


def _seconds(seconds: Mapping[str, float]) -> dict[str, str]:
    """Return the values of what was measured, in the order of the sides."""
    (first, one), (second, other) = seconds.items()
    return {
        "first": label(first),
        "second": label(second),
        "first_seconds": number(one),
        "second_seconds": number(other),
    }


def _reasons(found: Estimate, share: float | None) -> Sentence:
    """Say why the trials do not show who is faster."""
    parts = list[Sentence]()
    if found.half_width is None:
        parts.append(english(_ONLY_ONE) if found.pairs == 1 else english(_ONLY, pairs=found.pairs))
    if share is not None and share > DISTURBED:
        parts.append(english(_TAKEN, share=percent(share)))
    return join(COMMA, parts)


def _sentence(
    faster: str, slower: str, found: Estimate, together: int, machines: int, *, level: bool
) -> Sentence:
    names = {"faster": label(faster), "slower": label(slower), "ratio": found.ratio}
    if not found.shown:
        phrase = _NOT_SHOWN if together == 1 else _NONE_SHOWN
        counts = {"pairs": found.pairs, "together": together}
        return english(phrase, **names, least=found.half_width, **counts)
    return english(_LEVEL if level else _FASTER, **names, basis=basis(found, together, machines))


def below(found: Verdict) -> Iterator[Sentence]:
    """Yield what stands below the headline: a ratio that it does not say, and that of CPU time."""
    names = {"faster": label(found.faster), "slower": label(found.slower)}
    if not found.decided or are_the_same((found.faster, found.slower)):
        ratio = Estimate(found.ratio, found.low, found.high, found.pairs)
        on = basis(ratio, found.together, found.machines)
        yield english(_RATIO, **names, ratio=found.ratio, basis=on)
    if found.cpu_ratio is not None and (found.taken or 0.0) > OTHER_CPUS:
        disagree = found.cpu_ratio < 1 / LEVEL_BELOW and found.ratio > LEVEL_BELOW
        yield english(
            _DISAGREE if disagree else _CLOCKS,
            **names,
            share=percent(found.taken or 0.0),
            wall=found.ratio,
            cpu=found.cpu_ratio,
        )


def basis(found: Estimate, together: int, machines: int = 1) -> Sentence:
    """Say what an estimate is based on: its interval, or why it has none."""
    if found.half_width is not None:
        phrase = _INTERVAL if together == 1 else _INTERVALS
        if machines > 1:
            phrase = _INTERVAL_ON if together == 1 else _INTERVALS_ON
        counts = {"together": together, "pairs": found.pairs, "machines": machines}
        return english(phrase, low=found.low, high=found.high, **counts)
    return english(_ONE) if found.pairs == 1 else english(_FEW, pairs=found.pairs)


__all__ = ["LEVEL_BELOW", "Verdict", "basis", "below", "verdict"]
