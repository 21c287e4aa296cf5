"""A comparison over several machines on disk: what it is to run, and its blocks while they run.

A block runs in a run of its own inside the run, and its trials are moved when all of it has ended.
So a block that failed, or was killed with its command, leaves no trial.
"""

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import RunUnreadable
from orchestrator.settings.keeping import Condition
from orchestrator.storage import blocks, store, sweeping
from orchestrator.storage.about import plain
from orchestrator.storage.files import writing
from orchestrator.storage.store import Run
from orchestrator.trials.mappings.reading import read
from orchestrator.trials.mappings.stored import as_json, fields_of
from orchestrator.trials.trial import Trial

SCHEMA = "twinrun.cluster/1"
CLUSTER = "cluster"  # the file
_RUNNING = "running"  # the folder of blocks that run
_PARTS = (  # of a trial: folder and suffix; its events last
    *(("weights", ".safetensors"), ("logits", ".safetensors")),
    *(("jobs", ".json"), ("events", ".jsonl")),
)


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """``hosts``: what names the machines, a file or Ray; ``addresses``: of each one's runners.

    ``facts``: what all of them have in common, by runner, as `alike.facts`. ``seed``: of all
    orders. ``certified_on``: the machine that made the certificate, unless it is of an earlier run.
    ``exclusive``: what a block has to itself, ``machine`` or ``gpu``. The rest as of a comparison;
    how certain it is to be is in run.json.
    """

    hosts: str
    addresses: Mapping[str, Mapping[str, str]]
    facts: Mapping[str, str]
    seed: str
    certified_on: str
    repeats: int
    same_seed: bool
    certify: bool
    profile: bool
    most_seconds: float
    exclusive: str = "machine"


def write(run: Run, plan: ClusterPlan) -> None:
    """Write cluster.json. Raises OutputError."""
    run.write_result(CLUSTER, as_json({"schema": SCHEMA, **fields_of(plan)}))


def plan_of(run: Run) -> ClusterPlan | None:
    """Return the plan. None: it is of one machine. Raises RunUnreadable."""
    found = run.result(CLUSTER)
    return None if found is None else read(ClusterPlan, found, str(run.path / f"{CLUSTER}.json"))


def begin(run: Run, number: int, machine: str) -> Run:
    """Create the run of a block on a machine. Raises OutputError, RunUnreadable."""
    folder = run.path / _RUNNING
    with writing(folder):
        folder.mkdir(exist_ok=True)
    sides = run.about().sides
    return store.within(run, f"{_RUNNING}/{number}-{machine}", plain(sides), sides, run.spec())


def has_ended(block: Run, sides: Sequence[str]) -> bool:
    """Return whether a trial of each side has ended, with success or not. Raises RunUnreadable."""
    return bool(sweeping.ended(block, sides))


def adopt(run: Run, block: Run, number: int, machine: str, under: Condition | None = None) -> None:
    """Move the trials of a block that has ended into the run. Raises OutputError, RunUnreadable.

    The last file of each to be moved is that of its events, which make it a trial; and the machine
    is written first. So a command that is killed meanwhile leaves whole blocks, or parts that
    `taken_up` deletes.
    """
    blocks.add(run.path, blocks.at(number, machine, under=under))
    for trial in block.trials():
        if (block.path / "logits" / f"{trial.name}.safetensors").exists():
            initial = block.initial_weights(trial.framework, number)
            run.write_initial_weights(trial.framework, number, initial)
        for folder, suffix in _PARTS:
            _move(block.path, run.path, f"{folder}/{trial.name}{suffix}")
    if (environments := block.result("environments")) is not None:
        run.write_result("environments", environments)
    discard(block)


def discard(block: Run) -> None:
    """Delete the run of a block. Raises OutputError."""
    with writing(block.path):
        shutil.rmtree(block.path)


def left(run: Run) -> list[tuple[str, Run]]:
    """Return the runs of blocks that a command left when it was killed, each with its machine."""
    folder = run.path / _RUNNING
    paths = sorted(folder.iterdir()) if folder.exists() else []
    return [(path.name.partition("-")[2], Run(path)) for path in paths]


def close(run: Run) -> None:
    """Delete the folder of blocks that run, if none does."""
    with suppress(OSError):
        (run.path / _RUNNING).rmdir()


def jobs_of(block: Run) -> list[tuple[str, str]]:
    """Return side and job id of each job of a block; nothing of what cannot be read."""
    found = list[tuple[str, str]]()
    for path in (block.path / "jobs").glob("*.json"):
        side, _, number = path.stem.rpartition("-")
        try:
            job = block.job(side, int(number))
        except (RunUnreadable, ValueError):
            continue
        if job is not None and job.job_id:
            found.append((side, job.job_id))
    return found


def taken_up(run: Run, sides: Sequence[str]) -> dict[int, list[Trial]]:
    """Return the blocks that have ended, by number; delete what is left of any other.

    Which machines did not answer an earlier command is forgotten: they may answer now.
    Raises OutputError, RunUnreadable.
    """
    for _, block in left(run):
        discard(block)
    ended = sweeping.ended(run, sides)
    on = blocks.machines(run.path)
    ended = {number: trials for number, trials in ended.items() if number in on}
    for trial in sweeping.begun(run, ended):
        sweeping.discard(run, trial)
    known = blocks.blocks(run.path)
    kept = [e for e in known if e.block in ended or (e.block and e.failed is not None)]
    blocks.keep(run.path, kept)
    return ended


def _move(one: Path, other: Path, name: str) -> None:
    if (one / name).exists():
        with writing(other / name):
            (other / name).parent.mkdir(exist_ok=True)
            (one / name).replace(other / name)
