"""A comparison -> what a person reads: a table for a terminal, the same in plain text elsewhere."""

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.agreement import TOGETHER, Agreement
from orchestrator.compare import Comparison, samples_per_second
from orchestrator.inputs import in_own_way
from orchestrator.palette import looks
from orchestrator.recipes import Recipes, Times
from orchestrator.trial import State, Trial
from orchestrator.words import label, memory, number, percent

_UNKNOWN = "-"
_ROUNDED = ("float32", "bfloat16")
_START_UP = ("import", "build", "compile")
_LOSSES = (
    "Over {steps:,} steps the largest relative difference between the losses of {first} and "
    "{second} is {difference:.1e}, at step {step:,}."
)
_LOSSES_PART = (
    "The losses of {first} and {second} stay within {together:g} % of each other for "
    "{steps_together:,} of {steps:,} steps; the largest relative difference is {difference:.1e}, "
    "at step {step:,}."
)
_ROUNDING = (
    "So it goes in {precision}, where rounding grows from step to step; in float64 the same job "
    "agrees to 1e-12 (--precision float64)."
)
_LOSSES_SAME = "Over {steps:,} steps the losses of {first} and {second} are the same."
_LOSSES_DIVERGED = (
    "Over {steps:,} steps some loss of {first} or {second} is not a finite number "
    "(first at step {step:,})."
)
_NO_CERTIFICATE = "No certificate was made, so that it is not shown to be the same job."
_CONCURRENT = "The trials ran at the same time, each on a GPU of its own."
_ACCURACIES = "Test accuracies of {first} and {second} differ by {points:.2f} points."


@dataclass(frozen=True, slots=True)
class Row:
    """A quantity and its value for each framework; ``compared``: the one the verdict is about."""

    name: str
    values: Sequence[str]
    compared: bool = False


def table_rows(comparison: Comparison) -> list[Row]:
    """What is shown of each framework, medians where it has several trials."""
    groups = list(comparison.trials.values())
    shown: Mapping[str, Callable[[Sequence[Trial]], str]] = {
        "Outcome": _outcome,
        "Epochs": lambda trials: f"{median(len(trial.epochs) for trial in trials):g}",
        "Training": lambda trials: _seconds(_phase(trials, "train")),
        "  per epoch": lambda trials: _seconds([e.train_seconds for t in trials for e in t.epochs]),
        "  samples per second": _throughput,
        "Test accuracy": lambda trials: _last(trials, "test_accuracy", percent),
        "Test loss": lambda trials: _last(trials, "test_loss", number),
        "Evaluation": lambda trials: _seconds(_phase(trials, "evaluate")),
        "Data": lambda trials: _seconds(_phase(trials, "data")),
        "Start-up (import, build, compile)": lambda trials: _seconds(_start_up(trials)),
        "Peak memory": lambda trials: _peak(trials, "peak_memory_bytes"),
        "Peak device memory": lambda trials: _peak(trials, "peak_device_memory_bytes"),
        "GPU memory, by NVML": lambda trials: _gpu(trials, "peak_memory_bytes", memory),
        "GPU utilisation": lambda trials: _gpu(trials, "mean_utilization", percent),
        "Mean power": lambda trials: _gpu(trials, "mean_power_watts", _unit("W")),
        "Energy": lambda trials: _gpu(trials, "energy_joules", _unit("J")),
        "Version": lambda trials: _environment(trials, "framework_version"),
        "Python": lambda trials: _environment(trials, "python_version"),
    }
    rows = [
        Row(name, [value(trials) for trials in groups], compared=name == "Training")
        for name, value in shown.items()
    ]
    return [row for row in rows if set(row.values) - {_UNKNOWN}]


def sentences(comparison: Comparison) -> list[str]:
    """The finding first, then what it rests on."""
    found = [comparison.finding]
    found += _certificate(comparison)
    if comparison.inputs.same and len(comparison.trials) > 1:
        found.append(comparison.inputs.sentence)
    if comparison.concurrent:
        found.append(_CONCURRENT)
    for agreement in comparison.agreements:
        if not in_own_way(comparison.job):
            found += _losses(agreement, comparison.job)
        found += _accuracies(agreement)
    return found


def _certificate(comparison: Comparison) -> Iterator[str]:
    """Whether it was the same job, unless the finding says already that it was not."""
    if comparison.certificate is None:
        if comparison.verdict and not in_own_way(comparison.job):
            yield _NO_CERTIFICATE
    elif comparison.certificate["same_job"]:
        yield comparison.certificate["sentence"]


def recipes_table(found: Recipes) -> Table:
    """The two recipes, one below the other."""
    frameworks = list(dict.fromkeys(name for times in found.times.values() for name in times))
    table = Table(header_style="bold", box=None, pad_edge=False)
    table.add_column("")
    for name in frameworks:
        table.add_column(label(name), justify="right")
    shown: Mapping[str, Callable[[Times], str]] = {
        "training": lambda times: f"{number(times.train_seconds)} s",
        "  of it waiting for data": lambda times: f"{number(times.wait_seconds)} s",
        "test accuracy": lambda times: percent(times.test_accuracy),
    }
    for recipe, by_name in found.times.items():
        for name, written in shown.items():
            cells = [written(by_name[f]) if f in by_name else _UNKNOWN for f in frameworks]
            table.add_row(f"{recipe}: {name}" if not name.startswith(" ") else name, *cells)
    return table


def rich_report(comparison: Comparison) -> RenderableType:
    """For a terminal: prints on a `rich.console.Console`."""
    table = Table(header_style="bold")
    table.add_column("")
    for name, look in looks(list(comparison.trials)).items():
        table.add_column(Text(label(name), style=look.colour), justify="right")
    for row in table_rows(comparison):
        table.add_row(row.name, *row.values, style="bold" if row.compared else "")
    finding, *rest = sentences(comparison)
    return Group(table, Text(finding, style="bold"), *map(Text, rest))


def plain_report(comparison: Comparison, width: int = 80) -> str:
    """The same without colours or lines, at most ``width`` columns wide."""
    names = [label(name) for name in comparison.trials]
    rows = table_rows(comparison)
    lines = list(_columns(names, rows))
    if max(map(len, lines), default=0) > width:
        lines = list(_stacked(names, rows, width))
    text = [textwrap.fill(sentence, width) for sentence in sentences(comparison)]
    return "\n".join([*lines, "", *text])


def _columns(names: Sequence[str], rows: Sequence[Row]) -> Iterator[str]:
    cells = [["", *names], *([row.name, *row.values] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for first, *rest in cells:
        right = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        yield "  ".join([first.ljust(widths[0]), *right])


def _stacked(names: Sequence[str], rows: Sequence[Row], width: int) -> Iterator[str]:
    for index, name in enumerate(names):
        yield name
        for row in rows:
            text = f"  {row.name}: {row.values[index]}"
            yield from textwrap.wrap(text, width, subsequent_indent="    ")


def _outcome(trials: Sequence[Trial]) -> str:
    states = [trial.state for trial in trials]
    if len(trials) == 1:
        return states[0].value
    return f"{states.count(State.SUCCEEDED)} of {len(trials)} succeeded"


def _phase(trials: Sequence[Trial], phase: str) -> list[float]:
    return [seconds for t in trials if (seconds := t.seconds(phase)) is not None]


def _start_up(trials: Sequence[Trial]) -> list[float]:
    parts = [[t.phases[phase] for phase in _START_UP if phase in t.phases] for t in trials]
    return [sum(found) for found in parts if found]


def _seconds(values: Sequence[float]) -> str:
    return f"{number(median(values))} s" if values else _UNKNOWN


def _throughput(trials: Sequence[Trial]) -> str:
    found = samples_per_second(trials)
    return f"{found:,.0f}" if found else _UNKNOWN


def _last(trials: Sequence[Trial], field: str, written: Callable[[float], str]) -> str:
    values = [getattr(trial.epochs[-1], field) for trial in trials if trial.epochs]
    return written(median(values)) if values else _UNKNOWN


def _peak(trials: Sequence[Trial], field: str) -> str:
    values = [size for trial in trials if (size := getattr(trial, field))]
    return memory(median(values)) if values else _UNKNOWN


def _gpu(trials: Sequence[Trial], field: str, written: Callable[[float], str]) -> str:
    used = [trial.accelerator for trial in trials if trial.accelerator]
    values = [value for each in used if (value := getattr(each, field)) is not None]
    return written(median(values)) if values else _UNKNOWN


def _unit(unit: str) -> Callable[[float], str]:
    return lambda value: f"{number(value)} {unit}"


def _environment(trials: Sequence[Trial], field: str) -> str:
    found = {getattr(trial.environment, field) for trial in trials if trial.environment}
    return ", ".join(sorted(found)) or _UNKNOWN


def _losses(agreement: Agreement, job: Mapping[str, Any]) -> Iterator[str]:
    names = {
        "first": label(agreement.first),
        "second": label(agreement.second),
        "steps": agreement.steps,
        "step": agreement.at_step,
        "steps_together": agreement.steps_together,
        "together": 100 * TOGETHER,
    }
    precision = str(job.get("precision", "")).removeprefix("PRECISION_").lower()
    difference = agreement.largest_loss_difference
    if difference == float("inf"):
        yield _LOSSES_DIVERGED.format(**names)
    elif difference == 0:
        yield _LOSSES_SAME.format(**names)
    elif difference is not None and agreement.steps_together < agreement.steps:
        yield _LOSSES_PART.format(**names, difference=difference)
        if precision in _ROUNDED:
            yield _ROUNDING.format(precision=precision)
    elif difference is not None:
        yield _LOSSES.format(**names, difference=difference)


def _accuracies(agreement: Agreement) -> Iterator[str]:
    if agreement.accuracy_difference is not None:
        names = {"first": label(agreement.first), "second": label(agreement.second)}
        yield _ACCURACIES.format(**names, points=abs(100 * agreement.accuracy_difference))
