"""Runs of a workload on many days, as `compare` leaves them, for a history."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from google.protobuf import json_format
from twinrun.v1 import job_pb2

from orchestrator.actions.finish import judge
from orchestrator.storage import about, store
from orchestrator.storage.about import Kind
from orchestrator.storage.store import Run
from tests.builders.events import SPEC, trial_events
from tests.builders.stored import add_trial

FIRST = datetime(2026, 10, 1, 3, tzinfo=UTC)


def run(output: Path, day: int, seconds: float, *, cpu="one", label="", **spec) -> Run:
    """A run of both frameworks, a trial each; TensorFlow always takes 2 s."""
    job = json_format.ParseDict({**SPEC, **spec}, job_pb2.JobSpec())
    sides, when = ("pytorch", "tensorflow"), FIRST + timedelta(days=day)
    made = store.create(output, Kind.COMPARE, "w", sides, job, label=label, now=when)
    for side, taken in zip(sides, (seconds, 2.0), strict=True):
        events = trial_events(side, seconds=(taken,))
        for event in events:
            if event.HasField("environment"):
                event.environment.cpu_model = cpu
        add_trial(made, side, 1, events=events)
    judge(made)
    return made


def history(output: Path, values: list[float]) -> Iterator[Run]:
    for day, seconds in enumerate(values):
        yield run(output, day, seconds, label=f"commit {day}")


def copied(made: Run, name: str) -> None:
    """Another directory with the same run."""
    target = made.path.with_name(name)
    target.mkdir()
    for file in ("run.json", "job.json", "comparison.json"):
        (target / file).write_bytes((made.path / file).read_bytes())
    assert about.about(target).time == made.about().time
