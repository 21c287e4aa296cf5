"""The API of ``import orchestrator``: the command line's names as functions."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from orchestrator.actions import compare as comparing
from orchestrator.actions.compare import ComparisonRequest
from orchestrator.actions.repeat import Plan
from orchestrator.actions.shown import shown
from orchestrator.api.keywords import with_flags
from orchestrator.api.result import Record, Result
from orchestrator.errors import BadInput, JobFailed, RunnerUnavailable
from orchestrator.frameworks import FRAMEWORKS
from orchestrator.language.phrases import Phrase, english, say, speaking
from orchestrator.results import history
from orchestrator.runners.progress import Lines
from orchestrator.settings import config, locales, workloads
from orchestrator.settings.config import Places
from orchestrator.settings.job import FLAGS, JobFlags
from orchestrator.storage import shelf
from orchestrator.trials.sides import sides

Progress = bool | Callable[[str], None]

_FEW = Phrase("repeats is {given}; it must be 1 or more.")
_KEPT = Phrase("{why}\nWhat has finished is kept: orchestrator.load({path!r})")
_INTERRUPTED = Phrase("Interrupted.")
_NO_TRIAL = Phrase("{path} has no result: no trial of it was started.")


@with_flags
def compare(
    workload: str | Path = JobFlags.workload,
    *,
    changes: Mapping[str, Any] | None = None,
    frameworks: str | Sequence[str] = tuple(FRAMEWORKS),
    baseline: str | None = None,
    repeats: int = 1,
    verify: bool = True,
    output: str | Path = "runs",
    progress: Progress = False,
    **given: Any,
) -> Result:
    """Train the same job on each framework, and compare the results side by side.

    Names and defaults are those of ``orchestrator compare``, with all its flags of a job, such as
    ``epochs=5``; None means the workload's own value. ``changes`` corresponds to ``--set``: any
    field of the job spec by its dotted name, such as ``{"optimizer": {"sgd": {"momentum": 0.9},
    "learning_rate": 0.05}}``. ``progress``: True prints a line for each event, a function receives
    each line, False is quiet. A framework's name takes the address of its runner:
    ``pytorch="gpu-machine:50051"``.

    The environment and twinrun.toml are ignored. Raises OrchestratorError; if a trial failed, or on
    KeyboardInterrupt, what has finished is kept, and the message says where.
    """
    if repeats < 1:
        raise BadInput(english(_FEW, given=repeats))
    addresses = {name: given[name] for name in FRAMEWORKS if given.get(name)}
    job = JobFlags(workload=str(workload), **{name: given[name] for name in FLAGS if name in given})
    names = config.compared(frameworks if isinstance(frameworks, str) else ",".join(frameworks))
    request = ComparisonRequest(
        job.title,
        config.job_spec(job.workload, {**job.changes(), **(changes or {})}),
        sides(names),
        Path(output),
        certify=verify,
        plan=Plan(repeats),
        baseline=config.baseline(baseline, names),
    )
    places = Places(dict(config.runner(f"{name}={text}") for name, text in addresses.items()))
    with (
        speaking(locales.of(os.environ)),
        closing(Lines(_writer(progress))) as display,
        workloads.lines_in_refusals(job.workload),
    ):
        outcome = comparing.train_with_runners(request, places, display)
    path = str(outcome.run.path)
    try:
        comparing.raise_for([outcome])
    except (JobFailed, RunnerUnavailable) as error:
        raise type(error)(english(_KEPT, why=error.message, path=path)) from None
    except KeyboardInterrupt:
        raise KeyboardInterrupt(say(_KEPT, why=english(_INTERRUPTED), path=path)) from None
    return Result(outcome.run.path, outcome.comparison)


def load(run: str | Path = shelf.LATEST, output: str | Path = "runs") -> Result | Record:
    """Load a previous run: its path, its name in ``output``, or ``latest``.

    A run of ``verify``, ``explain``, ``compare --recipe both`` or ``--loop both`` is a `Record`.
    Raises OrchestratorError if there is none, or nothing of it was finished.
    """
    stored = shelf.find(str(run), Path(output))
    kind = stored.about().kind
    if kind.is_comparison:
        comparison = comparing.comparison_of(stored)
        if comparison.trials:
            return Result(stored.path, comparison)
    elif (result := shown(stored)) is not None:
        return Record(stored.path, kind, history.entry(stored).finding, result)
    raise BadInput(english(_NO_TRIAL, path=stored.path))


def runs(output: str | Path = "runs") -> list[history.Entry]:
    """List the runs in ``output``, newest first, each with its result.

    ``pandas.DataFrame(orchestrator.runs())`` turns them into a table.
    """
    return history.entries(shelf.runs(Path(output))[::-1])


def _writer(progress: Progress) -> Callable[[str], None]:
    if callable(progress):
        return progress
    return _print if progress else _nothing


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - that is what was asked for


def _nothing(_line: str) -> None:
    """Print nothing."""
