"""Whether the task's metric differs between two sides, or only between seeds: numbers, sentence.

The unit is the pair, as for time: two trials of one seed. docs/method.md says how it is decided,
and how often rightly.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from twinrun.contract.enums import TargetKind
from twinrun.contract.losses import targets
from twinrun.contract.spec import JobSpec

from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import NEXT, label, number, percent
from orchestrator.results.circumstances import Caution
from orchestrator.results.estimate import LEVEL, Amount, estimate_mean, fewest_pairs
from orchestrator.trials.metrics import ACCURACY, Metric, metrics_of
from orchestrator.trials.outputs import outputs
from orchestrator.trials.trial import Trial

_ERROR = 0.05  # of each of the two one-sided tests
_ALIKE = 1e-12  # spread of differences that are one, of values up to 1; relative to larger ones
_DIFFERS = Phrase(
    "Test {metric} differs: over {pairs} seeds that of {second} minus that of {first} is "
    "{difference} ({interval})."
)
_NOT_SHOWN = Phrase(
    "No difference in test {metric} is shown: over {pairs} seeds that of {second} minus that of "
    "{first} is {difference} ({interval})."
)
_INTERVAL = Phrase("95 %: {low} to {high}")
_INTERVALS = Phrase("95 %, {together} differences at once: {low} to {high}")
_ONE = Phrase(
    "One pair is too few for an interval, which needs {fewest}: test {metric} of {second} minus "
    "that of {first} is {difference}."
)
_FEW = Phrase(
    "{pairs} pairs are too few for an interval, which needs {fewest}: test {metric} of {second} "
    "minus that of {first} is {difference}."
)
_ONE_SEED = Phrase(
    "All {pairs} pairs have the same seed, which says nothing about other seeds, so there is no "
    "interval: test {metric} of {second} minus that of {first} is {difference}."
)
_EQUAL = Phrase("Test {metric} of {first} and {second} is equal in each of {pairs} pairs.")
_CONSTANT = Phrase(
    "Test {metric} of {second} minus that of {first} is {difference} in each of {pairs} pairs."
)
_NO_SPREAD = Phrase(
    "An interval without width would claim too much, so there is none: up to {share} of other "
    "seeds may show something else (95 %)."
)
_EQUIVALENT = Phrase(
    "They are equivalent within {margin} (two one-sided tests at 5 %; {level}: {low} to {high})."
)
_NOT_EQUIVALENT = Phrase(
    "They are not shown to be equivalent within {margin} (two one-sided tests at 5 %; {level}: "
    "{low} to {high})."
)
_HALF_EQUIVALENT = Phrase(
    "For at least half of all seeds they are equivalent within {margin} (sign test at 5 %)."
)
_NOT_TESTED = Phrase("They are not shown to be equivalent within {margin}.")
_FINER = Phrase("The margin is finer than one of {samples:,} test samples, which is {sample}.")
_POINT, _POINTS = Phrase("{points} point"), Phrase("{points} points")
_WARNED = Phrase(
    "Test {metric} of {first} and {second} is not shown to be equivalent within {margin}."
)
_MORE = Phrase(
    "More pairs make the interval narrower, but a true difference stays: --repeats 30, each with a "
    "seed of its own."
)


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Whether a difference is ``shown`` to be within ``margin`` of 0 in either direction.

    ``low``, ``high``: the ends of the interval that lies within it if so; None: there is none.
    """

    margin: float
    shown: bool
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Quality:
    """The ``metric`` of side ``second`` minus that of ``first``, on the test split after training.

    ``difference``: the mean over the pairs with its 95 % interval, in the unit of the metric, a
    share as a fraction of 1. It has none if there are too few pairs, ``one_seed`` for all, or the
    differences are ``constant``. ``equivalence``: None: no margin was given. ``together``: the
    intervals of this many hold simultaneously.
    """

    metric: str
    first: str
    second: str
    difference: Amount
    one_seed: bool
    constant: bool
    equivalence: Equivalence | None
    together: int
    sentence: Sentence

    @property
    def shown(self) -> bool:
        """Whether a difference is shown: 0 is not in the interval."""
        return self.difference.low is not None and not self.difference.within_noise


def quality(
    trials: Mapping[str, Sequence[Trial]],
    job: JobSpec,
    together: int = 1,
    margin: float | None = None,
) -> Quality | None:
    """Compare two sides, whose trials all succeeded. None: no pair has the metric.

    ``margin``: of equivalence, in the unit of the metric; points, if it is a share.
    """
    metric = metrics_of(job.loss)[0]
    (first, ones), (second, others) = trials.items()
    before, after = ({trial.number: trial for trial in side} for side in (ones, others))
    numbers = before.keys() & after.keys()
    pairs = [(before[number], after[number]) for number in sorted(numbers)]
    values = [
        (one, other)
        for one, other in ((_of(a, metric), _of(b, metric)) for a, b in pairs)
        if one is not None and other is not None
    ]
    if not values or not np.isfinite(values).all():
        return None
    differences = [other - one for one, other in values]
    few = len(differences) < fewest_pairs(together)
    seeds = {trial.spec.seed if trial.spec else None for pair in pairs for trial in pair}
    one_seed = len(differences) > 1 and len(seeds - {None}) == 1
    largest = max(1.0, float(np.abs(values).max()))
    constant = len(differences) > 1 and float(np.ptp(differences)) <= _ALIKE * largest
    difference = estimate_mean(differences, together)
    if one_seed or constant:
        difference = Amount(difference.value, None, None, difference.pairs)
    equivalence = None
    if margin is not None:
        within = margin / 100 if metric.is_share else margin
        fit = not (few or one_seed)
        equivalence = _equivalence(differences, within, together, fit=fit, constant=constant)
    found = Quality(
        metric=metric.name,
        first=first,
        second=second,
        difference=difference,
        one_seed=one_seed,
        constant=constant,
        equivalence=equivalence,
        together=together,
        sentence=join(NEXT, []),
    )
    step = _of_a_sample(metric, pairs[0][0], job)
    return replace(
        found, sentence=join(NEXT, [*_said(found, metric), *_finer(found, metric, step)])
    )


def _of(trial: Trial, metric: Metric) -> float | None:
    return metric.of(trial.final.test) if trial.final else None


def _equivalence(
    differences: Sequence[float], margin: float, together: int, *, fit: bool, constant: bool
) -> Equivalence:
    """Test for equivalence; ``fit``: the pairs are enough, and of different seeds.

    Two one-sided tests. Without spread Student's would claim that no seed differs. A sign test asks
    no more than whether each difference is within the margin: if that were so for less than half of
    all seeds, all of n pairs would be within it with probability 2^-n.
    """
    if not fit or constant:
        return Equivalence(margin, fit and max(map(abs, differences)) < margin, None, None)
    tests = estimate_mean(differences, together, 1 - 2 * _ERROR)
    low, high = tests.low or 0.0, tests.high or 0.0
    return Equivalence(margin, -margin < low and high < margin, low, high)


def _said(found: Quality, metric: Metric) -> Iterator[Sentence]:
    """Yield what the pairs show, then whether they are equivalent."""
    difference, pairs, least = (
        found.difference,
        found.difference.pairs,
        fewest_pairs(found.together),
    )
    names = {
        "metric": metric.word,
        "first": label(found.first),
        "second": label(found.second),
        "pairs": pairs,
        "fewest": least,
        "difference": _amount(difference.value, metric, difference),
    }
    if pairs < least:
        yield english(_ONE if pairs == 1 else _FEW, **names)
    elif found.one_seed:
        yield english(_ONE_SEED, **names)
    elif found.constant:
        equal = abs(difference.value) <= _ALIKE
        yield english(_EQUAL if equal else _CONSTANT, **names)
        rest = 1 - ((1 - LEVEL) / found.together) ** (1 / pairs)
        yield english(_NO_SPREAD, share=percent(rest))
    else:
        interval = english(
            _INTERVAL if found.together == 1 else _INTERVALS,
            together=found.together,
            **_ends(difference.low, difference.high, metric),
        )
        yield english(_DIFFERS if found.shown else _NOT_SHOWN, **names, interval=interval)
    if found.equivalence is not None:
        yield _equivalent(found.equivalence, found.together, metric)


def _equivalent(found: Equivalence, together: int, metric: Metric) -> Sentence:
    margin = written_margin(found.margin, metric)
    if found.low is None:
        return english(_HALF_EQUIVALENT if found.shown else _NOT_TESTED, margin=margin)
    return english(
        _EQUIVALENT if found.shown else _NOT_EQUIVALENT,
        margin=margin,
        level=f"{100 * (1 - 2 * _ERROR / together):.3g} %",
        **_ends(found.low, found.high, metric),
    )


def _finer(found: Quality, metric: Metric, step: float | None) -> Iterator[Sentence]:
    """Say that a margin is finer than the metric can be measured in one trial."""
    if found.equivalence is not None and step is not None and found.equivalence.margin < step:
        yield english(_FINER, samples=round(1 / step), sample=written_margin(step, metric))


def _of_a_sample(metric: Metric, trial: Trial, job: JobSpec) -> float | None:
    """Return by how much one answer changes the metric; None: not known, or no fixed amount."""
    if metric is not ACCURACY or not trial.epochs:
        return None
    answers = 1 if targets(job.loss) is TargetKind.CLASS else max(1, outputs(job.layers))
    return 1 / max(1, trial.epochs[-1].test.samples * answers)


def _ends(low: float | None, high: float | None, metric: Metric) -> dict[str, str]:
    """Return the ends of an interval, as exactly as its width makes sense; the unit is known."""
    ends = Amount(0.0, low, high, 0)
    return {
        name: _number(value or 0.0, metric, ends) for name, value in (("low", low), ("high", high))
    }


def _amount(value: float, metric: Metric, within: Amount) -> Sentence | str:
    text = _number(value, metric, within)
    return english(_POINTS, points=text) if metric.is_share else text


def _number(value: float, metric: Metric, within: Amount) -> str:
    """Write a signed difference: shares to 0.01 points, or more exactly for a narrow interval."""
    if not metric.is_share:
        return f"+{number(value)}" if value > 0 else number(value)
    half = 50 * ((within.high or 0.0) - (within.low or 0.0))
    decimals = max(2, 1 - math.floor(math.log10(half))) if half > 0 else 2
    return f"{100 * value:+z.{decimals}f}"


def written_margin(margin: float, metric: Metric) -> Sentence | str:
    """Write a margin as the user gave it."""
    if not metric.is_share:
        return f"{margin:.6g}"
    points = f"{100 * margin:.6g}"
    return english(_POINT if points == "1" else _POINTS, points=points)


def cautions(qualities: Sequence[Quality], job: JobSpec) -> Iterator[Caution]:
    """Yield a warning for each pair that is not shown to be equivalent, though that was asked."""
    metric = metrics_of(job.loss)[0]
    for found in qualities:
        if found.equivalence is not None and not found.equivalence.shown:
            yield Caution(
                "NOT_EQUIVALENT",
                english(
                    _WARNED,
                    metric=metric.word,
                    first=label(found.first),
                    second=label(found.second),
                    margin=written_margin(found.equivalence.margin, metric),
                ),
                english(_MORE),
            )
