"""The memory that a trial reports, beside what is seen from outside: ``python -m bench.memory``.

Another process of the machine reads each millisecond what the trial's process has resident
(``/proc/PID/statm``), and the events' times say in which phase that was. The trial itself asks the
kernel for its peak of a phase (``VmHWM``), which no look from outside can miss. Linux only.
"""

import itertools
import os
import tempfile
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from twinrun.contract.enums import JobState
from twinrun.v1 import job_pb2

from orchestrator.runners.client import Client
from orchestrator.runners.finding import Runners
from orchestrator.settings import config
from orchestrator.settings.config import Places
from orchestrator.trials.fold import fold

WORKLOADS = ("mnist-mlp", "mnist-cnn")
FRAMEWORKS = ("pytorch", "tensorflow")
EVERY_SECONDS = 0.001
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MB = 1e6
Look = tuple[float, int, int]  # when, which process, bytes resident


class Looks:
    """Looks at the processes of a runner's trials until it is closed."""

    def __init__(self, runner: int) -> None:
        self.taken: list[Look] = []
        self._runner, self._ended = runner, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            for pid in _children(self._runner):
                with suppress(OSError, IndexError):
                    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
                    self.taken.append((time.time(), pid, pages * _PAGE))


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        tasks = Path(f"/proc/{pid}/task").glob("*/children")
        return [int(child) for path in tasks for child in path.read_text().split()]
    return []


def phases(events: Sequence[job_pb2.JobEvent]) -> dict[str, tuple[float, float]]:
    """Return when building ended, and from when to when an only epoch trained and evaluated."""
    at: dict[tuple[str, int], float] = {}
    for event in events:
        kind = event.WhichOneof("event")
        if kind in ("phase_started", "phase_finished"):
            time_ns = event.event_time.ToNanoseconds()
            at[kind, getattr(event, kind).phase] = time_ns / 1e9
    built = at["phase_finished", job_pb2.PHASE_BUILD]
    trains = at["phase_started", job_pb2.PHASE_TRAIN]
    evaluates = at["phase_started", job_pb2.PHASE_EVALUATE]
    ended = at["phase_finished", job_pb2.PHASE_EVALUATE]
    return {"build": (built, built), "train": (trains, evaluates), "evaluate": (evaluates, ended)}


def run(client: Client, workload: str, runner: int | None) -> None:
    """Train one epoch and print what the trial reports beside what was seen."""
    if runner is None:
        raise SystemExit("the runner was not started here; end the one that listens")
    changes = {"epochs": 1, "threads": 1, "dataset.train_limit": 2000, "dataset.test_limit": 2000}
    spec = client.validate(config.job_spec(workload, changes))
    with closing(Looks(runner)) as looks:
        job_id = client.train(spec, uuid.uuid4().hex).job_id
        events = list(client.watch(job_id))
    trial = fold(client.framework, 1, events)
    if trial.state is not JobState.SUCCEEDED or not trial.resources or not trial.resources.memory:
        raise SystemExit(f"the job {job_id} did not succeed: {trial.error}")
    used = trial.resources.memory
    reported = {
        "build": used.built_bytes,
        "train": used.train_peak_bytes,
        "evaluate": used.evaluate_peak_bytes,
    }
    largest = {
        pid: max(size for _, p, size in looks.taken if p == pid) for _, pid, _ in looks.taken
    }
    of_trial = max(largest, key=lambda pid: largest[pid])
    taken = [(at, size) for at, pid, size in looks.taken if pid == of_trial]
    for phase, (since, until) in phases(events).items():
        seen = [size for at, size in taken if since <= at <= until]
        if phase == "build":  # the first look after it
            seen = [size for at, size in taken if at >= since][:1]
        _print([workload, client.framework, phase], reported[phase] or 0, seen)
    whole = trial.resources.peak_memory_bytes
    _print([workload, client.framework, "all of it"], whole, [size for _, size in taken])


def _print(of: Sequence[str], reported: int, seen: Sequence[int]) -> None:
    most = max(seen, default=0)
    apart = f"{100 * (reported / most - 1):+.2f} %" if most else "-"  # shorter than a look
    print(f"| {' | '.join(of)} | {reported / _MB:.1f} | {most / _MB:.1f} | {apart} | {len(seen)} |")


def main() -> None:
    print("| workload | framework | phase | reported, MB | seen, MB | | looks |")
    print("|---|---|---|---|---|---|---|")
    with (
        tempfile.TemporaryDirectory() as home,
        closing(Runners(Places(state_home=Path(home)), lambda _: None)) as runners,
    ):
        for workload, framework in itertools.product(WORKLOADS, FRAMEWORKS):
            run(runners.get(framework), workload, runners.process_id(framework))


if __name__ == "__main__":
    main()
