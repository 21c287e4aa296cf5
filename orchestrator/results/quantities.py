"""The measured quantities of a trial, each defined once for tables, ratios, verdict and exports.

A side's value is the median of its trials; trials with the same number on two sides make a pair.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from twinrun.contract.spec import JobSpec

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.language.words import memory, number, percent
from orchestrator.results.estimate import Estimate
from orchestrator.results.machines.effect import estimate_over
from orchestrator.trials.metrics import ACCURACY, Metric, headline, metrics_of, target_of
from orchestrator.trials.trial import Trial

Job = JobSpec | None  # None: where a quantity does not depend on it
_START_UP = ("import", "build", "compile")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number that a trial has.

    ``name``: in comparison.json and exports, with its unit. ``title``: of its row. ``measure``:
    from a trial and its job; None: not known. ``written``: with its unit, for people.
    ``has_ratio``: whether one side's value can be divided by the other's. ``has_spread``: depends
    on the seed, so a median alone does not tell it.
    """

    name: str
    title: Phrase | Sentence
    measure: Callable[[Trial, Job], float | None]
    written: Callable[[float], str]
    has_ratio: bool = False
    has_spread: bool = False

    def of(self, trials: Sequence[Trial], job: Job) -> float | None:
        """Return the median of the trials that have it. None: none does."""
        known = self.all_of(trials, job)
        return median(known) if known else None

    def all_of(self, trials: Sequence[Trial], job: Job) -> list[float]:
        """Return the values of the trials that have it."""
        return [value for trial in trials if (value := self.measure(trial, job)) is not None]


def seconds(value: float) -> str:
    return f"{number(value)} s"


def _unit(unit: str) -> Callable[[float], str]:
    return lambda value: f"{number(value)} {unit}"


def _phase(phase: str) -> Callable[[Trial, Job], float | None]:
    return lambda trial, _: trial.seconds(phase)


def _last(field: str) -> Callable[[Trial, Job], float | None]:
    """Return a measure of the last epoch, or of the best one if its weights are kept."""
    return lambda trial, _: getattr(trial.final, field) if trial.final else None


def _gpu(field: str) -> Callable[[Trial, Job], float | None]:
    return lambda trial, _: getattr(trial.accelerator, field) if trial.accelerator else None


def _used(field: str) -> Callable[[Trial, Job], float | None]:
    """Return a measure of the machine; 0 means unknown."""
    return lambda trial, _: getattr(trial.resources, field) or None if trial.resources else None


def _epoch_seconds(trial: Trial, _job: Job) -> float | None:
    """Return the median: a neighbour's burst of work disturbs some epochs, not the rest."""
    return median(epoch.train_seconds for epoch in trial.epochs) if trial.epochs else None


def _samples_per_second(trial: Trial, job: Job) -> float | None:
    """Return the samples that an epoch trained on over its seconds."""
    taken, samples = _epoch_seconds(trial, job), trial.epoch_samples
    return samples / taken if samples and taken else None


def _start_up_seconds(trial: Trial, _job: Job) -> float | None:
    """Return import, build and compile together."""
    parts = [trial.phases[phase] for phase in _START_UP if phase in trial.phases]
    return sum(parts) if parts else None


def _target_seconds(trial: Trial, job: Job) -> float | None:
    """Return training seconds until the end of the first epoch that meets the target."""
    target = target_of(job)
    if target is None:
        return None
    metric, wanted = target
    so_far = itertools.accumulate(epoch.train_seconds for epoch in trial.epochs)
    reached = zip(trial.epochs, so_far, strict=True)
    values = ((metric.of(epoch.test), taken) for epoch, taken in reached)
    return next(
        (taken for value, taken in values if value is not None and metric.reaches(value, wanted)),
        None,
    )


def _test_metric(metric: Metric) -> Quantity:
    """Return a metric of the test samples, by the final weights."""

    def measure(trial: Trial, _job: Job) -> float | None:
        return metric.of(trial.final.test) if trial.final else None

    name = f"test_{metric.name}"
    return Quantity(name, metric.heading, measure, metric.written, has_spread=True)


def _validation_metric(metric: Metric) -> Quantity:
    """Return the same of the validation samples."""

    def measure(trial: Trial, _job: Job) -> float | None:
        validation = trial.final.validation if trial.final else None
        return metric.of(validation) if validation else None

    name = f"validation_{metric.name}"
    return Quantity(name, metric.validation_heading, measure, metric.written, has_spread=True)


TRAINING = Quantity("train_seconds", Phrase("Training"), _phase("train"), seconds, has_ratio=True)
# The subject of the verdict.
EPOCH = Quantity("epoch_seconds", Phrase("  per epoch"), _epoch_seconds, seconds, has_ratio=True)
THROUGHPUT = Quantity(
    "samples_per_second",
    Phrase("  samples per second"),
    _samples_per_second,
    lambda value: f"{value:,.0f}",
)
TARGET = Quantity(
    "target_seconds",
    Phrase("  to the target"),
    _target_seconds,
    seconds,
    has_ratio=True,
)
# Of the last epoch, as its line of the log says.
TRAIN_LOSS = Quantity(
    "train_loss", Phrase("Training loss"), _last("train_loss"), number, has_spread=True
)
TEST_ACCURACY = _test_metric(ACCURACY)
TEST_LOSS = Quantity("test_loss", Phrase("Test loss"), _last("test_loss"), number, has_spread=True)
START_UP = Quantity(
    "start_up_seconds", Phrase("Start-up"), _start_up_seconds, seconds, has_ratio=True
)
PEAK_MEMORY = Quantity(
    "peak_memory_bytes",
    Phrase("Peak memory"),
    _used("peak_memory_bytes"),
    memory,
    has_ratio=True,
)
PEAK_DEVICE_MEMORY = Quantity(
    "peak_device_memory_bytes",
    Phrase("Peak device memory"),
    _used("peak_device_memory_bytes"),
    memory,
    has_ratio=True,
)
_VALIDATION_LOSS = Quantity(
    "validation_loss", Phrase("Validation loss"), _last("validation_loss"), number, has_spread=True
)
_TO = Phrase("  to {target} {metric}")
# Of a trial of any task, beside what it learned.
_COSTS = (
    Quantity("evaluate_seconds", Phrase("Evaluation"), _phase("evaluate"), seconds, has_ratio=True),
    Quantity("data_seconds", Phrase("Data"), _phase("data"), seconds, has_ratio=True),
    START_UP,
    PEAK_MEMORY,
    PEAK_DEVICE_MEMORY,
    Quantity(
        "gpu_peak_memory_bytes", Phrase("GPU memory, by NVML"), _gpu("peak_memory_bytes"), memory
    ),
    Quantity("gpu_mean_utilization", Phrase("GPU utilisation"), _gpu("mean_utilization"), percent),
    Quantity("gpu_mean_power_watts", Phrase("Mean power"), _gpu("mean_power_watts"), _unit("W")),
    Quantity("energy_joules", Phrase("Energy"), _gpu("energy_joules"), _unit("J"), has_ratio=True),
)


def test_metric(job: Job) -> Quantity:
    """Return the metric that stands for the job's task, of the test samples."""
    return _test_metric(headline(job))


def test_metrics(job: Job) -> tuple[Quantity, ...]:
    """Return all metrics of the job's task, of the test samples; the first stands for the task."""
    return tuple(map(_test_metric, metrics_of(job.loss) if job else (ACCURACY,)))


def quantities(job: Job) -> tuple[Quantity, ...]:
    """Return the quantities that trials of the job may have, in the order of their display."""
    first, *further = metrics_of(job.loss) if job else (ACCURACY,)
    target = target_of(job)
    reaching = TARGET
    if target is not None:
        metric, wanted = target
        title = english(_TO, target=metric.written(wanted), metric=metric.test)
        reaching = replace(TARGET, title=title)
    return (
        *(TRAINING, EPOCH, THROUGHPUT, reaching, TRAIN_LOSS),
        *(_validation_metric(first), _VALIDATION_LOSS, *map(_validation_metric, further)),
        *(_test_metric(first), TEST_LOSS, *map(_test_metric, further)),
        *_COSTS,
    )


def ratios(
    first: Sequence[Trial], second: Sequence[Trial], job: Job, together: int = 1
) -> dict[str, Estimate]:
    """Estimate ``second`` over ``first`` by quantity, from pairs that both have it above zero.

    ``together``: as in `estimate`.
    """
    estimates = {
        each.name: ratio_of(first, second, each, job, together)
        for each in quantities(job)
        if each.has_ratio
    }
    return {name: ratio for name, ratio in estimates.items() if ratio is not None}


def ratio_of(
    first: Sequence[Trial], second: Sequence[Trial], quantity: Quantity, job: Job, together: int = 1
) -> Estimate | None:
    """Estimate `ratios` of one quantity. None: no pair has it.

    Two trials on different machines, as a sweep may have of a round, make no pair.
    """
    one, other = (
        {(t.number, t.machine): quantity.measure(t, job) for t in side} for side in (first, second)
    )
    pairs = [(one[each], other[each], each[1]) for each in sorted(one.keys() & other.keys())]
    known = [(a, b, machine) for a, b, machine in pairs if a and b]
    if not known:
        return None
    ones, others, machines = zip(*known, strict=True)
    return estimate_over(ones, others, machines, together)
