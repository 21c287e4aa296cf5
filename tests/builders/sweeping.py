"""A sweep on scripted runners: ``python -m tests.builders.sweeping HOME MOMENT`` is killed there.

Its moments are what it writes to the disk: at the given one it kills itself, before or after that
is done. MOMENT 0: never. The same command again goes on with the sweep that it finds.
"""

import os
import signal
import sys
import threading
from pathlib import Path

import numpy as np
from google.protobuf import json_format
from twinrun.contract import event_log, files
from twinrun.v1 import job_pb2

from orchestrator.actions.repeat import Plan
from orchestrator.actions.sweeps.request import SweepOutcome, SweepRequest
from orchestrator.actions.sweeps.train import resume, sweep
from orchestrator.errors import BadInput, RunnerUnavailable
from orchestrator.language.phrases import stored
from orchestrator.runners.progress import Lines
from orchestrator.settings.grid import Grid
from orchestrator.storage import shelf
from orchestrator.trials.mappings.names import in_proto
from orchestrator.trials.sides import sides
from tests.builders.events import SPEC, numbered, state, trial_events
from tests.builders.scripted import BOTH, FakeClient, FakeRunners
from tests.waiting import HANG_SECONDS

GRID = Grid({"batch_size": [16, 64, 256, 1024], "threads": [1, 2, 4]}, {})
REPEATS = 1
SPEC_OF_ONE = json_format.ParseDict({**SPEC, "epochs": 1}, job_pb2.JobSpec())


class Client(FakeClient):
    """A runner whose jobs end at once; ``seconds``: of an epoch, by the job and its number."""

    def __init__(self, framework, seconds=lambda _spec, _number: 1.0, fails=lambda _spec: False):
        super().__init__(framework)
        self.seconds, self.fails = seconds, fails
        self.trained = list[job_pb2.JobSpec]()
        self.ended = list[str]()
        self.jobs = dict[str, job_pb2.JobSpec]()

    def validate(self, spec):
        return spec

    def train(self, spec, request_id, process=0):
        self.trained.append(spec)
        self.jobs[f"{self.framework}-{request_id}"] = spec
        return job_pb2.Job(job_id=f"{self.framework}-{request_id}", spec=spec)

    def cancel(self, job_id):
        self.ended.append(job_id)
        if job_id not in self.jobs:
            raise BadInput(stored(f"there is no job {job_id}"))

    def watch(self, job_id, after=0):
        spec = self.jobs[job_id]
        events = trial_events(
            self.framework, seconds=[self.seconds(spec, len(self.trained))], step_losses=[2.0, 1.0]
        )
        if self.fails(spec):
            events = numbered([*events[:8], state("FAILED", "OUT_OF_MEMORY", "no memory is left")])
        yield from (event for event in events if event.sequence > after)

    def job(self, job_id):
        spec = self.jobs[job_id]
        failed = self.fails(spec)
        kind = job_pb2.JOB_STATE_FAILED if failed else job_pb2.JOB_STATE_SUCCEEDED
        return job_pb2.Job(job_id=job_id, state=kind, spec=spec)


class Dying(Client):
    """A runner that is lost in its first ``times`` jobs, with ``error``."""

    def __init__(self, framework, times, error=None):
        super().__init__(framework)
        self.times, self.error = times, error or RunnerUnavailable(stored("it burns"))
        self.thrice = threading.Event()

    def watch(self, job_id, after=0):
        events = super().watch(job_id, after)
        if job_id not in self.ended and len(self.trained) <= self.times:
            yield next(events)
            if len(self.trained) >= 3:
                self.thrice.set()
            raise self.error
        yield from events


class Patient(Client):
    """A runner whose jobs go on when ``other`` has failed three times."""

    def __init__(self, framework, other):
        super().__init__(framework)
        self.other = other

    def watch(self, job_id, after=0):
        assert self.other.thrice.wait(HANG_SECONDS)
        yield from super().watch(job_id, after)


class Runners(FakeRunners):
    machines = ()  # that train a job together

    def prepare(self, names):
        """Have them: they are there."""


def request(home: Path, grid: Grid = GRID, **plan) -> SweepRequest:
    specs = {
        cell.name: json_format.ParseDict(
            in_proto({**SPEC, **cell.at, "epochs": 1}, job_pb2.JobSpec.DESCRIPTOR),
            job_pb2.JobSpec(),
        )
        for cell in grid.cells
    }
    return SweepRequest(
        workload="w",
        grid=grid,
        jobs=specs,
        sides=sides(BOTH),
        output=home,
        certify=False,
        plan=Plan(**{"repeats": REPEATS, **plan}),
    )


def swept(home: Path, grid: Grid = GRID, *clients: Client, **plan) -> SweepOutcome:
    """Run a sweep, or go on with the one that ``home`` has."""
    runners, display = Runners(*(clients or map(Client, BOTH))), Lines(lambda _: None)
    if found := shelf.runs(home):
        return resume(found[0], runners, display)
    return sweep(request(home, grid, **plan), runners, display)


def ratio_at(crossing: float, seed: int, noise: float = 0.03):
    """Seconds of TensorFlow's epoch where PyTorch's is 1: it is faster below a batch size."""
    rng = np.random.default_rng(seed)

    def seconds(spec, _number):
        return float((spec.batch_size / crossing) ** 0.1 * np.exp(noise * rng.normal()))

    return seconds


def _dies_at(moment: int) -> None:
    """Kill this process at the write of that number, before it if the number is even."""
    done = 0

    def counted(write):
        def writes(*given, **settings):
            nonlocal done
            done += 1
            if done == moment and moment % 2 == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            write(*given, **settings)
            if done == moment:
                os.kill(os.getpid(), signal.SIGKILL)

        return writes

    files.write_whole = counted(files.write_whole)
    event_log.EventFile.append = counted(event_log.EventFile.append)


if __name__ == "__main__":
    from tests.integration.undrawn import undrawn

    undrawn()
    _dies_at(int(sys.argv[2]))
    swept(Path(sys.argv[1]))
