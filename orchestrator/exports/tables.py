"""A comparison -> long tables: one row for each observation, each column one quantity.

A column's name has its unit; losses and metrics have none, shares are in 0..1. Epochs and steps
count from 0, trials from 1. None: not known. docs/export.md describes each column.
"""

import bisect
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from twinrun.contract.events import EpochFinished
from twinrun.contract.memory import MemoryUsed
from twinrun.contract.spec import JobSpec

from orchestrator.results.comparison import Comparison
from orchestrator.results.quantities import quantities
from orchestrator.trials.changes import written
from orchestrator.trials.metrics import ACCURACY, headline, metrics_of
from orchestrator.trials.sides import framework_of
from orchestrator.trials.trial import StepDetails, Trial

Row = dict[str, Any]
Columns = Mapping[str, type]

_KEY = {"side": str, "framework": str, "trial": int}
_EPOCH = {
    "epoch": int,
    "train_seconds": float,
    "evaluate_seconds": float,
    "data_wait_seconds": float,
    "sync_seconds": float,
    "samples_per_second": float,
    "train_loss": float,
    "test_loss": float,
    "validation_loss": float,
}
_SPLITS = ("test", "validation")
_LOAD = {
    "own_cpu_seconds": float,
    "other_cpu_seconds": float,
    "stolen_seconds": float,
    "throttled_seconds": float,
    "clock_hertz": float,
}
_STEP = {"epoch": int, "step": int, "loss": float}
_CHANGED = {"side": str, "framework": str, "field": str, "value": str}
_PHASE = {"phase": str, "wall_seconds": float, "cpu_seconds": float}
_TRIAL = {
    "state": str,
    "error": str,
    "seed": int,
    "epochs": int,
    "train_samples": int,
    "train_seconds": float,
    "epoch_seconds": float,
    "train_loss": float,
    "test_loss": float,
    "validation_loss": float,
}
_MEMORY = {
    "peak_memory_bytes": int,
    "peak_device_memory_bytes": int,
}
_GPU = {
    "uuid": str,
    "peak_memory_bytes": int,
    "mean_utilization": float,
    "mean_power_watts": float,
    "energy_joules": float,
    "most_processes": int,
}
_BY_PHASE = [field.name for field in dataclasses.fields(MemoryUsed)]
_VERSIONS = {"framework_version": str, "python_version": str}


@dataclass(frozen=True, slots=True)
class Table:
    """``columns``: what each contains, in order, for a job. ``rows``: each has all columns.

    A task's metrics are columns of their own, so that none has a column of another task.
    """

    columns: Callable[[JobSpec], Columns]
    rows: Callable[[Comparison], Iterator[Row]]


def epochs(comparison: Comparison) -> Iterator[Row]:
    """Yield a row for each finished epoch of each trial."""
    for side, trial in _trials(comparison):
        for epoch in trial.epochs:
            yield {
                **_key(side, trial),
                **{name: getattr(epoch, name) for name in _EPOCH},
                **_of_evaluations(epoch, comparison.job),
                **{name: getattr(epoch.load, name, None) for name in _LOAD},
            }


def _of_evaluations(epoch: EpochFinished, job: JobSpec) -> Row:
    """Return the task's metrics of both splits, and those of the steps if it has an accuracy."""
    splits = zip(_SPLITS, (epoch.test, epoch.validation), strict=True)
    values = {
        f"{split}_{metric.name}": metric.of(found) if found else None
        for split, found in splits
        for metric in metrics_of(job.loss)
    }
    has_accuracy = headline(job) is ACCURACY
    return {**values, **({"running_accuracy": epoch.running_accuracy} if has_accuracy else {})}


def steps(comparison: Comparison) -> Iterator[Row]:
    """Yield a row for each reported step."""
    for side, trial in _trials(comparison):
        details, has_accuracy = trial.details, headline(comparison.job) is ACCURACY
        for step, loss in enumerate(trial.losses.tolist()):
            yield {
                **_key(side, trial),
                "epoch": bisect.bisect_right(trial.epoch_starts, step) - 1,
                "step": step,
                "loss": loss,
                **({"accuracy": _accuracy(details, step)} if has_accuracy else {}),
            }


def _accuracy(details: StepDetails | None, step: int) -> float | None:
    known = details is not None and len(details.accuracies) > 0
    return float(details.accuracies[step]) if details is not None and known else None


def phases(comparison: Comparison) -> Iterator[Row]:
    """Yield a row for each finished phase of each trial."""
    for side, trial in _trials(comparison):
        for phase, seconds in trial.phases.items():
            yield {
                **_key(side, trial),
                "phase": phase,
                "wall_seconds": seconds,
                "cpu_seconds": trial.cpu_seconds.get(phase),
            }


def trials(comparison: Comparison) -> Iterator[Row]:
    """Yield a row for each trial: how it ended, where it ran, and what it used."""
    for side, trial in _trials(comparison):
        environment = {
            "state": trial.state.value,
            "error": trial.error.message if trial.error else None,
            "seed": trial.spec.seed if trial.spec else None,
            "epochs": len(trial.epochs),
            "train_samples": trial.inputs.train_samples if trial.inputs else None,
            **{
                each.name: each.measure(trial, comparison.job)
                for each in quantities(comparison.job)
            },
        }
        held = trial.resources.memory if trial.resources else None
        yield {
            **_key(side, trial),
            **{name: environment[name] for name in _trial_columns(comparison.job)},
            **{f"memory_{name}": getattr(held, name, None) for name in _BY_PHASE},
            **{f"gpu_{name}": getattr(trial.accelerator, name, None) for name in _GPU},
            **{name: getattr(trial.environment, name, None) for name in _VERSIONS},
        }


def changed(comparison: Comparison) -> Iterator[Row]:
    """Yield what each side changes in the job on purpose."""
    for each in comparison.changed:
        for side, value in each.values.items():
            text = None if value is None else written(each.field, value)
            yield {
                "side": side,
                "framework": framework_of(side),
                "field": each.field,
                "value": text,
            }


def _epoch_columns(job: JobSpec) -> Columns:
    has_accuracy = headline(job) is ACCURACY
    more = {"running_accuracy": float} if has_accuracy else {}
    return {**_KEY, **_EPOCH, **metric_columns(job), **more, **_LOAD}


def metric_columns(job: JobSpec) -> Columns:
    """Return a column for each of the task's metrics, on each split."""
    return {f"{split}_{each.name}": float for split in _SPLITS for each in metrics_of(job.loss)}


def _step_columns(job: JobSpec) -> Columns:
    has_accuracy = headline(job) is ACCURACY
    return {**_KEY, **_STEP, **({"accuracy": float} if has_accuracy else {})}


def _trial_columns(job: JobSpec) -> Columns:
    return {**_TRIAL, **metric_columns(job), **_MEMORY}


_USED = {f"memory_{name}": int for name in _BY_PHASE} | {f"gpu_{n}": of for n, of in _GPU.items()}
_ENVIRONMENT = {**_USED, **_VERSIONS}
TABLES: Mapping[str, Table] = {
    "epochs": Table(_epoch_columns, epochs),
    "steps": Table(_step_columns, steps),
    "trials": Table(lambda job: {**_KEY, **_trial_columns(job), **_ENVIRONMENT}, trials),
    "phases": Table(lambda _job: {**_KEY, **_PHASE}, phases),
    "changed": Table(lambda _job: _CHANGED, changed),
}


def _trials(comparison: Comparison) -> Iterator[tuple[str, Trial]]:
    for side, group in comparison.trials.items():
        for trial in group:
            yield side, trial


def _key(side: str, trial: Trial) -> Row:
    return {"side": side, "framework": framework_of(side), "trial": trial.number}
