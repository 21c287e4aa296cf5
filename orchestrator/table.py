"""What the table of a comparison shows of each side."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from orchestrator.comparison import Comparison, samples_per_second
from orchestrator.language import Phrase, say
from orchestrator.quantities import COMPARED, start_up_seconds, target_seconds
from orchestrator.rows import UNKNOWN, Row
from orchestrator.trial import State, Trial
from orchestrator.words import memory, number, percent, state_of

_SUCCEEDED = Phrase("{succeeded} of {trials} succeeded")
_RATIO = Phrase("{ratio:.2f} ({low:.2f} to {high:.2f})")
_START_UP = Phrase("Start-up")
_TO_TARGET = Phrase("  to {target} test accuracy")
# The rows that have a ratio, and of which quantity.
_QUANTITIES: Mapping[Phrase, str] = {
    Phrase("Training"): "train_seconds",
    Phrase("  per epoch"): COMPARED,
    Phrase("Evaluation"): "evaluate_seconds",
    Phrase("Data"): "data_seconds",
    _START_UP: "start_up_seconds",
    _TO_TARGET: "target_seconds",
    Phrase("Peak memory"): "peak_memory_bytes",
    Phrase("Peak device memory"): "peak_device_memory_bytes",
    Phrase("Energy"): "energy_joules",
}


def table_rows(comparison: Comparison) -> list[Row]:
    """What is shown of each side, medians where it has several trials."""
    groups = list(comparison.trials.values())
    target = percent(comparison.job.get("target_accuracy", 0))
    shown: Mapping[Phrase, Callable[[Sequence[Trial]], str]] = {
        Phrase("Outcome"): _outcome,
        Phrase("Epochs"): lambda trials: f"{median(len(trial.epochs) for trial in trials):g}",
        Phrase("Training"): lambda trials: _seconds(_phase(trials, "train")),
        Phrase("  per epoch"): lambda trials: _seconds(
            [e.train_seconds for t in trials for e in t.epochs]
        ),
        Phrase("  samples per second"): _throughput,
        _TO_TARGET: lambda trials: _seconds(_targets(trials, comparison.job)),
        Phrase("Validation accuracy"): lambda trials: _last(trials, "validation_accuracy", percent),
        Phrase("Validation loss"): lambda trials: _last(trials, "validation_loss", number),
        Phrase("Test accuracy"): lambda trials: _last(trials, "test_accuracy", percent),
        Phrase("Test loss"): lambda trials: _last(trials, "test_loss", number),
        Phrase("Evaluation"): lambda trials: _seconds(_phase(trials, "evaluate")),
        Phrase("Data"): lambda trials: _seconds(_phase(trials, "data")),
        _START_UP: lambda trials: _seconds(_known(trials, start_up_seconds)),
        Phrase("Peak memory"): lambda trials: _peak(trials, "peak_memory_bytes"),
        Phrase("Peak device memory"): lambda trials: _peak(trials, "peak_device_memory_bytes"),
        Phrase("GPU memory, by NVML"): lambda trials: _gpu(trials, "peak_memory_bytes", memory),
        Phrase("GPU utilisation"): lambda trials: _gpu(trials, "mean_utilization", percent),
        Phrase("Mean power"): lambda trials: _gpu(trials, "mean_power_watts", _unit("W")),
        Phrase("Energy"): lambda trials: _gpu(trials, "energy_joules", _unit("J")),
        Phrase("Version"): lambda trials: _environment(trials, "framework_version"),
        Phrase("Python"): lambda trials: _environment(trials, "python_version"),
    }
    rows = [
        Row(
            say(name, target=target),
            [value(trials) for trials in groups],
            ratio=_ratio(comparison, _QUANTITIES.get(name, "")),
            compared=_QUANTITIES.get(name) == COMPARED,
        )
        for name, value in shown.items()
    ]
    return [row for row in rows if set(row.values) - {UNKNOWN}]


def _outcome(trials: Sequence[Trial]) -> str:
    states = [trial.state for trial in trials]
    if len(trials) == 1:
        return say(state_of(states[0].value))
    return say(_SUCCEEDED, succeeded=states.count(State.SUCCEEDED), trials=len(trials))


def _phase(trials: Sequence[Trial], phase: str) -> list[float]:
    return [seconds for t in trials if (seconds := t.seconds(phase)) is not None]


def _known(trials: Sequence[Trial], measure: Callable[[Trial], float | None]) -> list[float]:
    return [value for trial in trials if (value := measure(trial)) is not None]


def _targets(trials: Sequence[Trial], job: Mapping[str, Any]) -> list[float]:
    return _known(trials, lambda trial: target_seconds(trial, job))


def _ratio(comparison: Comparison, quantity: str) -> str:
    found = comparison.ratios.get(quantity)
    if found is None:
        return ""
    if found.low is None or found.high is None:
        return f"{found.ratio:.2f}"
    return say(_RATIO, ratio=found.ratio, low=found.low, high=found.high)


def _seconds(values: Sequence[float]) -> str:
    return f"{number(median(values))} s" if values else UNKNOWN


def _throughput(trials: Sequence[Trial]) -> str:
    found = samples_per_second(trials)
    return f"{found:,.0f}" if found else UNKNOWN


def _last(trials: Sequence[Trial], field: str, written: Callable[[float], str]) -> str:
    values = [getattr(trial.epochs[-1], field) for trial in trials if trial.epochs]
    known = [value for value in values if value is not None]
    return written(median(known)) if known else UNKNOWN


def _peak(trials: Sequence[Trial], field: str) -> str:
    values = [size for trial in trials if (size := getattr(trial, field))]
    return memory(median(values)) if values else UNKNOWN


def _gpu(trials: Sequence[Trial], field: str, written: Callable[[float], str]) -> str:
    used = [trial.accelerator for trial in trials if trial.accelerator]
    values = [value for each in used if (value := getattr(each, field)) is not None]
    return written(median(values)) if values else UNKNOWN


def _unit(unit: str) -> Callable[[float], str]:
    return lambda value: f"{number(value)} {unit}"


def _environment(trials: Sequence[Trial], field: str) -> str:
    found = {getattr(trial.environment, field) for trial in trials if trial.environment}
    return ", ".join(sorted(found)) or UNKNOWN
