"""A comparison -> long tables: one row for each observation, each column one quantity.

A column's name has its unit; losses have none, accuracies and utilisation are in 0..1. Epochs and
steps count from 0, trials from 1. None: not known. docs/export.md describes each column.
"""

import bisect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.results.comparison import Comparison
from orchestrator.results.quantities import QUANTITIES
from orchestrator.trials.sides import framework_of
from orchestrator.trials.trial import Trial

Row = dict[str, Any]

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
    "test_accuracy": float,
    "running_accuracy": float,
    "validation_loss": float,
    "validation_accuracy": float,
}
_LOAD = {
    "own_cpu_seconds": float,
    "other_cpu_seconds": float,
    "stolen_seconds": float,
    "throttled_seconds": float,
    "clock_hertz": float,
}
_STEP = {"epoch": int, "step": int, "loss": float, "accuracy": float}
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
    "test_accuracy": float,
    "validation_loss": float,
    "validation_accuracy": float,
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
_VERSIONS = {"framework_version": str, "python_version": str}


@dataclass(frozen=True, slots=True)
class Table:
    """``columns``: what each contains, in order. ``rows``: each has all columns."""

    columns: Mapping[str, type]
    rows: Callable[[Comparison], Iterator[Row]]


def epochs(comparison: Comparison) -> Iterator[Row]:
    """Yield a row for each finished epoch of each trial."""
    for side, trial in _trials(comparison):
        for epoch in trial.epochs:
            yield {
                **_key(side, trial),
                **{name: getattr(epoch, name) for name in _EPOCH},
                **{name: getattr(epoch.load, name, None) for name in _LOAD},
            }


def steps(comparison: Comparison) -> Iterator[Row]:
    """Yield a row for each reported step."""
    for side, trial in _trials(comparison):
        details = trial.details
        for step, loss in enumerate(trial.losses.tolist()):
            yield {
                **_key(side, trial),
                "epoch": bisect.bisect_right(trial.epoch_starts, step) - 1,
                "step": step,
                "loss": loss,
                "accuracy": float(details.accuracies[step]) if details else None,
            }


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
            **{each.name: each.measure(trial, comparison.job) for each in QUANTITIES},
        }
        yield {
            **_key(side, trial),
            **{name: environment[name] for name in _TRIAL},
            **{f"gpu_{name}": getattr(trial.accelerator, name, None) for name in _GPU},
            **{name: getattr(trial.environment, name, None) for name in _VERSIONS},
        }


TABLES: Mapping[str, Table] = {
    "epochs": Table({**_KEY, **_EPOCH, **_LOAD}, epochs),
    "steps": Table({**_KEY, **_STEP}, steps),
    "trials": Table(
        {**_KEY, **_TRIAL, **{f"gpu_{name}": kind for name, kind in _GPU.items()}, **_VERSIONS},
        trials,
    ),
    "phases": Table({**_KEY, **_PHASE}, phases),
}


def _trials(comparison: Comparison) -> Iterator[tuple[str, Trial]]:
    for side, group in comparison.trials.items():
        for trial in group:
            yield side, trial


def _key(side: str, trial: Trial) -> Row:
    return {"side": side, "framework": framework_of(side), "trial": trial.number}
