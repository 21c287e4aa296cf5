"""How closely the trials of two sides agree: a number to look at, not yet a proof."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from orchestrator.trials.mappings.stored import fields_of
from orchestrator.trials.metrics import ACCURACY, Metric, finite, headline
from orchestrator.trials.relative import of_losses
from orchestrator.trials.trial import Trial

TOGETHER = 0.001  # relative difference of two losses that a figure does not show


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two sides' trials; ``second`` is compared with ``first``, pair by pair.

    ``largest_loss_difference``: of the losses of the ``steps`` that both of a pair have, the
    largest abs(a - b) / max(abs(a), abs(b)) of any pair; infinite if one of them is not finite.
    ``at_step``: where, from 0. ``steps_together``: how many first steps of every pair stay within
    TOGETHER of each other. ``metric``: the one that stands for the task. ``metric_difference``: of
    the test samples, that of ``second`` minus that of ``first``, medians over the trials after the
    last epoch that all of them finished; None: a trial does not have it.
    ``largest_metric_difference``: of the two of any of the ``pairs``, at the same time.
    """

    first: str
    second: str
    steps: int
    largest_loss_difference: float | None
    at_step: int | None
    steps_together: int
    metric_difference: float | None
    largest_metric_difference: float | None
    pairs: int
    metric: Metric = ACCURACY


def agreement(first: Sequence[Trial], second: Sequence[Trial]) -> Agreement:
    """Compare over the steps that both trials of a pair have; neither side is empty."""
    pairs = [(one, other) for one in first for other in second if one.number == other.number]
    partings = [_parted(one, other) for one, other in pairs] or [(0, 0, None, None)]
    steps, _, at_step, largest = max(
        partings, key=lambda each: -1.0 if each[3] is None else each[3]
    )
    epochs = min(len(trial.epochs) for trial in (*first, *second))
    metric = headline(first[0].spec)
    ends = [
        [value for trial in trials if (value := _end(metric, trial, epochs)) is not None]
        for trials in (first, second)
    ]
    known = len(ends[0]) == len(first) and len(ends[1]) == len(second)
    apart = [
        abs(a - b)
        for one, other in pairs
        if (a := _end(metric, one, epochs)) is not None
        and (b := _end(metric, other, epochs)) is not None
    ]
    return Agreement(
        first=first[0].framework,
        second=second[0].framework,
        steps=steps,
        largest_loss_difference=largest,
        at_step=at_step,
        steps_together=min(together for _, together, _, _ in partings),
        metric_difference=median(ends[1]) - median(ends[0]) if known else None,
        largest_metric_difference=max(apart) if apart and known else None,
        pairs=len(pairs),
        metric=metric,
    )


def _end(metric: Metric, trial: Trial, epochs: int) -> float | None:
    """Return its value after so many epochs; None: it has none, or one that is not finite."""
    return finite(metric.of(trial.epochs[epochs - 1].test)) if epochs else None


def as_mapping(found: Agreement) -> dict[str, object]:
    """Return it as in comparison.json, where the differences are named after the metric."""
    mapping = fields_of(found)
    del mapping["metric"]
    for name in ("metric_difference", "largest_metric_difference"):
        mapping[name.replace("metric", found.metric.name)] = mapping.pop(name)
    return mapping


def _parted(one: Trial, other: Trial) -> tuple[int, int, int | None, float | None]:
    """Return common steps, first steps together, where the losses differ most, and by how much."""
    steps = min(len(one.losses), len(other.losses))
    if not steps:
        return 0, 0, None, None
    relative = of_losses(one.losses[:steps], other.losses[:steps])
    apart = relative > TOGETHER
    at_step = int(np.argmax(relative))
    return steps, int(np.argmax(apart)) if apart.any() else steps, at_step, float(relative[at_step])
