"""What a sweep is to run, written before anything runs, and what of it a killed command had begun.

The plan and the trials on disk are all that is needed to go on: the orders are drawn from the
plan's seed, so they are the same again.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twinrun.contract.enums import JobState
from twinrun.v1 import job_pb2

from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english
from orchestrator.storage import store
from orchestrator.storage.files import writing
from orchestrator.storage.store import Run
from orchestrator.trials.mappings.reading import read
from orchestrator.trials.mappings.stored import as_json, fields_of
from orchestrator.trials.spec import message_of
from orchestrator.trials.trial import Trial

SCHEMA = "twinrun.sweep-plan/1"
_PLAN = "plan"
_NO_PLAN = Phrase(
    "{path} has no plan: its command ended before anything ran. Begin a new sweep, and delete this "
    "one: orchestrator rm {name}"
)
_ENDED = (JobState.SUCCEEDED, JobState.FAILED)


@dataclass(frozen=True, slots=True)
class PlannedCell:
    """``at``: its value of each axis. ``job``: its completed spec, in proto's JSON mapping."""

    name: str
    at: Mapping[str, object]
    job: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """``axes``: the values of each field that varies; ``cells``: their combinations.

    ``repeats``, ``same_seed`` and ``most_seconds`` as of a comparison; how certain it is to be is
    in run.json. ``certify``: show first that it is the same job. ``seed``: of all orders.
    ``builds``: what each framework's runner was, by its hash. ``over``: what names the machines
    that train each job together; ``machines``: their names.
    """

    axes: Mapping[str, Sequence[object]]
    cells: Sequence[PlannedCell]
    repeats: int
    same_seed: bool
    certify: bool
    most_seconds: float
    seed: str
    builds: Mapping[str, str]
    over: str = ""
    machines: Sequence[str] = ()

    def spec(self, cell: PlannedCell, where: str) -> job_pb2.JobSpec:
        """Return the job of a cell. Raises RunUnreadable."""
        return message_of(cell.job, where)


def write(run: Run, plan: SweepPlan) -> None:
    """Write plan.json. Raises OutputError."""
    run.write_result(_PLAN, as_json({"schema": SCHEMA, **fields_of(plan)}))


def plan_of(run: Run) -> SweepPlan | None:
    """Return the plan. None: there is none. Raises RunUnreadable."""
    found = run.result(_PLAN)
    return None if found is None else read(SweepPlan, found, str(run.path / f"{_PLAN}.json"))


def the_plan(run: Run) -> SweepPlan:
    """Return the plan of a sweep that is to go on. Raises BadInput, RunUnreadable."""
    plan = plan_of(run)
    if plan is None:
        raise BadInput(english(_NO_PLAN, path=run.path, name=run.path.name))
    return plan


def cells_of(run: Run, plan: SweepPlan) -> dict[str, Run]:
    """Return the runs of the cells that have been begun, by name."""
    found = {cell.name: store.inner(run, cell.name) for cell in plan.cells}
    return {name: inner for name, inner in found.items() if inner is not None}


def ended(cell: Run, sides: Sequence[str]) -> dict[int, list[Trial]]:
    """Return the blocks that have ended, by number: all trials did, and were fetched."""
    blocks: dict[int, list[Trial]] = {}
    for trial in cell.trials():
        if _has_ended(cell, trial):
            blocks.setdefault(trial.number, []).append(trial)
    return {number: trials for number, trials in blocks.items() if len(trials) == len(sides)}


def begun(cell: Run, blocks: Mapping[int, Sequence[Trial]]) -> list[Trial]:
    """Return the trials of blocks other than those of ``blocks``, which had not ended."""
    return [trial for trial in cell.trials() if trial.number not in blocks]


def _has_ended(cell: Run, trial: Trial) -> bool:
    logits = cell.path / "logits" / f"{trial.name}.safetensors"  # the last file to be written
    return trial.state in _ENDED and (trial.state is JobState.FAILED or logits.exists())


def discard(cell: Run, trial: Trial) -> None:
    """Delete what a trial left, so that it can be run again; its events last.

    A trial with events but without the rest has not ended, so this may be cut short at any moment.
    Raises OutputError.
    """
    with writing(cell.path):
        for path in (
            cell.path / "logits" / f"{trial.name}.safetensors",
            cell.path / "weights" / f"{trial.name}.safetensors",
            cell.path / "weights" / f"{trial.name}.initial.safetensors",
            cell.path / "jobs" / f"{trial.name}.json",
            cell.path / "events" / f"{trial.name}.jsonl",
        ):
            path.unlink(missing_ok=True)


def clear(cell: Run, name: str) -> None:
    """Delete the run ``name`` inside a cell's, if there is one. Raises OutputError."""
    with writing(cell.path):
        if (cell.path / name).exists():
            shutil.rmtree(cell.path / name)
