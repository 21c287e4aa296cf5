"""What of two sides is held against each other: a figure for each trial, a ratio for each quantity.

Trials of the same number make a pair.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from orchestrator.estimate import Estimate, estimate
from orchestrator.trial import Trial

COMPARED = "epoch_seconds"  # what the verdict is about
_START_UP = ("import", "build", "compile")

Measure = Callable[[Trial, Mapping[str, Any]], float | None]


def epoch_seconds(trial: Trial) -> float | None:
    """Of training. The median: a neighbour's burst of work disturbs some epochs, not the rest."""
    return median(epoch.train_seconds for epoch in trial.epochs) if trial.epochs else None


def start_up_seconds(trial: Trial) -> float | None:
    """Import, build and compile together."""
    found = [trial.phases[phase] for phase in _START_UP if phase in trial.phases]
    return sum(found) if found else None


def target_seconds(trial: Trial, job: Mapping[str, Any]) -> float | None:
    """Of training, to the end of the first epoch after which the job's target accuracy is met."""
    target = job.get("target_accuracy")
    if target is None:
        return None
    so_far = itertools.accumulate(epoch.train_seconds for epoch in trial.epochs)
    reached = zip(trial.epochs, so_far, strict=True)
    return next((seconds for epoch, seconds in reached if epoch.test_accuracy >= target), None)


def _evaluate_seconds(trial: Trial) -> float | None:
    return median(epoch.evaluate_seconds for epoch in trial.epochs) if trial.epochs else None


def _energy_joules(trial: Trial) -> float | None:
    return trial.accelerator.energy_joules if trial.accelerator else None


QUANTITIES: Mapping[str, Measure] = {
    COMPARED: lambda trial, _: epoch_seconds(trial),
    "train_seconds": lambda trial, _: trial.seconds("train"),
    "target_seconds": target_seconds,
    "evaluate_seconds": lambda trial, _: _evaluate_seconds(trial),
    "data_seconds": lambda trial, _: trial.seconds("data"),
    "start_up_seconds": lambda trial, _: start_up_seconds(trial),
    "peak_memory_bytes": lambda trial, _: trial.peak_memory_bytes,
    "peak_device_memory_bytes": lambda trial, _: trial.peak_device_memory_bytes,
    "energy_joules": lambda trial, _: _energy_joules(trial),
}


def ratios(
    first: Sequence[Trial], second: Sequence[Trial], job: Mapping[str, Any]
) -> dict[str, Estimate]:
    """``second`` over ``first`` by quantity, of the pairs whose trials both tell it above zero."""
    found = {name: _ratio(first, second, measure, job) for name, measure in QUANTITIES.items()}
    return {name: ratio for name, ratio in found.items() if ratio is not None}


def _ratio(
    first: Sequence[Trial], second: Sequence[Trial], measure: Measure, job: Mapping[str, Any]
) -> Estimate | None:
    one, other = ({t.number: measure(t, job) for t in trials} for trials in (first, second))
    pairs = [(one[number], other[number]) for number in sorted(one.keys() & other.keys())]
    told = [(a, b) for a, b in pairs if a and b]
    return estimate(*zip(*told, strict=True)) if told else None
