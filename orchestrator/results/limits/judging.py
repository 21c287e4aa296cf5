"""A comparison and its conditions -> decisions, which its finding begins with."""

import dataclasses
from collections.abc import Sequence
from typing import assert_never

from orchestrator.errors import BadInput, BeyondLimit, RunUnreadable, Undecided
from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import LINES, NEXT, label
from orchestrator.results import quality
from orchestrator.results.comparison import Comparison, Pair, same_job
from orchestrator.results.estimate import Amount, fewest_pairs
from orchestrator.results.limits import looks
from orchestrator.results.limits.condition import Condition, Measure, conditions
from orchestrator.results.limits.decision import Decision, Outcome
from orchestrator.results.limits.wording import decide, undecided
from orchestrator.results.quantities import (
    EPOCH,
    PEAK_DEVICE_MEMORY,
    PEAK_MEMORY,
    quantities,
    ratio_of,
)
from orchestrator.results.verdict import DISTURBED, Verdict
from orchestrator.storage.about import About
from orchestrator.trials.metrics import metrics_of

_EPOCH = Phrase("an epoch of {side} took {value:.3f} times as long as one of {baseline}")
_QUANTITY = Phrase("{quantity} of {side} is {value:.3f} times that of {baseline}")
_METRIC = Phrase("test {metric} of {side} minus that of {baseline} is {value:.4g}")
_POINTS = Phrase("test {metric} of {side} minus that of {baseline} is {value:.4g} points")
_NOT_SAME = Phrase("they are not shown to be the same job.")
_NO_VERDICT = Phrase("there is no verdict on {side}.")
_NOT_KNOWN = Phrase("no pair of trials has it.")
# What others on the CPUs do not change.
_UNDISTURBED = (PEAK_MEMORY.name, PEAK_DEVICE_MEMORY.name)


def judged(comparison: Comparison, about: About) -> Comparison:
    """Return the comparison of a run with its decisions, said before its finding.

    If it was repeated until it was decided, as in `looks`. Raises RunUnreadable if the run's
    conditions are none of its sides.
    """
    made = decisions(comparison, about)
    if not made:
        return comparison
    said: list[Sentence] = [each.sentence for each in made]
    # What was not the same job is said before anything else.
    last = same_job(comparison) is False
    parts = [comparison.finding, *said] if last else [*said, comparison.finding]
    return dataclasses.replace(comparison, decisions=made, finding=join(NEXT, parts))


def decisions(comparison: Comparison, about: About) -> list[Decision]:
    """Decide each condition, as `judged`. One without a side is decided for each other side."""
    sides = about.sides or list(comparison.trials)
    try:
        asked = conditions(about.fail_if, sides, about.baseline)
    except BadInput as error:
        raise RunUnreadable(error.message) from error
    others = [side for side in sides if side != (about.baseline or sides[0])]
    claims = [(each, side) for each in asked for side in others if each.side in (None, side)]
    until = about.precision is not None
    return [_decision(comparison, each, side, len(claims), until) for each, side in claims]


def _decision(
    comparison: Comparison, condition: Condition, side: str, claims: int, until: bool
) -> Decision:
    pair = next((each for each in comparison.pairs if each.side == side), None)
    if same_job(comparison) is False:
        return undecided(condition, side, english(_NOT_SAME))
    if pair is None or pair.verdict is None:
        return undecided(condition, side, english(_NO_VERDICT, side=label(side)))
    together = claims * (looks.share(pair.verdict.pairs) if until else 1)
    match condition.measure:
        case Measure.RATIO:
            return _of_ratio(comparison, condition, pair, pair.verdict, together)
        case Measure.DIFFERENCE:
            return _of_difference(comparison, condition, pair, together)
        case _:
            assert_never(condition.measure)


def _of_ratio(
    comparison: Comparison, condition: Condition, pair: Pair, verdict: Verdict, together: int
) -> Decision:
    counted, job = comparison.counted, comparison.job
    quantity = next(each for each in quantities(job) if each.name == condition.quantity)
    found = ratio_of(counted[pair.baseline], counted[pair.side], quantity, job, together)
    if found is None:
        return undecided(condition, pair.side, english(_NOT_KNOWN))
    phrase = _EPOCH if condition.quantity == EPOCH.name else _QUANTITY
    what = english(phrase, **_names(pair), quantity=condition.quantity, value=found.ratio)
    taken = verdict.taken or 0.0
    busy = taken if taken > DISTURBED and condition.quantity not in _UNDISTURBED else None
    return decide(condition, pair.side, found, what, together=together, busy=busy)


def _of_difference(
    comparison: Comparison, condition: Condition, pair: Pair, together: int
) -> Decision:
    trials = {side: comparison.counted[side] for side in (pair.baseline, pair.side)}
    found = quality.quality(trials, comparison.job, together)
    if found is None:
        return undecided(condition, pair.side, english(_NOT_KNOWN))
    metric = metrics_of(comparison.job.loss)[0]
    unit = 100 if metric.is_share else 1
    amount = found.difference
    ends = (amount.low, amount.high)
    if found.constant and amount.pairs >= fewest_pairs(together) and not found.one_seed:
        ends = (amount.value, amount.value)  # a sign test: for at least half of all seeds
    low, high = (None if end is None else unit * end for end in ends)
    scaled = Amount(unit * amount.value, low, high, amount.pairs)
    phrase = _POINTS if metric.is_share else _METRIC
    what = english(phrase, **_names(pair), metric=metric.word, value=scaled.value)
    return decide(condition, pair.side, scaled, what, together=together)


def _names(pair: Pair) -> dict[str, str]:
    return {"side": label(pair.side), "baseline": label(pair.baseline)}


def is_settled(made: Sequence[Decision]) -> bool:
    """Return whether nothing is left to decide: one failed, or all have passed."""
    results = [each.outcome for each in made]
    return Outcome.FAILED in results or (bool(results) and Outcome.UNDECIDED not in results)


def raise_for(made: Sequence[Decision]) -> None:
    """Raise BeyondLimit if a limit is exceeded, else Undecided if that is not known of one."""
    for outcome, error in ((Outcome.FAILED, BeyondLimit), (Outcome.UNDECIDED, Undecided)):
        if said := [each.sentence for each in made if each.outcome is outcome]:
            raise error(join(LINES, said))
