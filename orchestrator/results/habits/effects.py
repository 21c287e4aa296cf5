"""What one difference changes of a pair of trials, beside the matched pair of the same seed."""

import math
from collections.abc import Mapping
from typing import TypeAlias

from twinrun.v1 import job_pb2

from orchestrator.results.estimate import Amount, Estimate, estimate, estimate_mean
from orchestrator.results.habits.pitfall import Pitfall
from orchestrator.results.quantities import TRAINING
from orchestrator.trials.metrics import Metric, finite
from orchestrator.trials.trial import Trial

# By repetition: a trial of the first framework and one of the second.
Pairs: TypeAlias = Mapping[int, tuple[Trial, Trial]]


def seconds_of(trial: Trial) -> float:
    """Return its seconds of training."""
    return TRAINING.measure(trial, None) or 0.0


def end(metric: Metric, trial: Trial, pitfall: Pitfall | None) -> float | None:
    """Return the metric as the framework reports it at the end; None: not known."""
    last = trial.final or trial.epochs[-1]
    if pitfall and pitfall.way == job_pb2.OWN_WAY_ACCURACY and last.running_accuracy is not None:
        return last.running_accuracy
    return finite(metric.of(last.test))


def apart(metric: Metric, pairs: Pairs, pitfall: Pitfall | None) -> dict[int, float]:
    """Return the second's metric minus the first's, by repetition; empty if one lacks it."""
    found = {}
    for repetition, (first, second) in pairs.items():
        one, other = end(metric, first, pitfall), end(metric, second, pitfall)
        if one is None or other is None:
            return {}
        found[repetition] = other - one
    return found


def loss(pairs: Pairs) -> Estimate | None:
    """Return the second's mean training loss of the last epoch over the first's.

    None: one is not a number above zero.
    """
    ends = [[trial.epochs[-1].train_loss for trial in both] for both in pairs.values()]
    if not all(math.isfinite(value) and value > 0 for both in ends for value in both):
        return None
    first, second = zip(*ends, strict=True)
    return estimate(first, second)


def moved(metric: Metric, pairs: Pairs, matched: Pairs, pitfall: Pitfall) -> Amount | None:
    """Return by how much the difference moves the metric's gap, seed by seed; None: not known."""
    own, plain = apart(metric, pairs, pitfall), apart(metric, matched, None)
    common = sorted(own.keys() & plain.keys())
    return estimate_mean([own[each] - plain[each] for each in common]) if common else None


def added(pairs: Pairs, matched: Pairs) -> Estimate | None:
    """Return by what the difference multiplies the ratio of times; None: nothing matched ended."""
    common = sorted(pairs.keys() & matched.keys())
    if not common:
        return None
    plain, own = (
        [seconds_of(second) / seconds_of(first) for first, second in (each[n] for n in common)]
        for each in (matched, pairs)
    )
    return estimate(plain, own)
