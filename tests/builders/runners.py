"""Starts real runners on fake frameworks, each in a process of its own, ended after each test."""

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc
from google.protobuf import json_format
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from twinrun.v1 import job_pb2, runner_service_pb2, runner_service_pb2_grpc

from orchestrator.frameworks import FRAMEWORKS
from tests import forks
from tests.integration import gates
from tests.waiting import HANG_SECONDS, eventually

ENDED = {
    job_pb2.JOB_STATE_SUCCEEDED,
    job_pb2.JOB_STATE_FAILED,
    job_pb2.JOB_STATE_CANCELLED,
}


def small_spec(**changes) -> job_pb2.JobSpec:
    """Two epochs of ten steps."""
    spec = {
        "dataset": {"name": "synthetic", "synthetic": {"train_samples": 100, "test_samples": 20}},
        "layers": [{"flatten": {}}, {"dense": {"units": 10}}],
        "optimizer": {"sgd": {}},
        "epochs": 2,
        "batch_size": 10,
        "threads": 1,
        "report_every_steps": 5,
        **changes,
    }
    return json_format.ParseDict(spec, job_pb2.JobSpec())


class Watching:
    """A job's events, without heartbeats, which come where a machine is slow."""

    def __init__(self, stream) -> None:
        self.cancel = stream.cancel
        self._events = (event for event in stream if not event.HasField("heartbeat"))

    def __iter__(self) -> Iterator[job_pb2.JobEvent]:
        return self._events

    def __next__(self) -> job_pb2.JobEvent:
        return next(self._events)


@dataclass
class Runner:
    process: subprocess.Popen[str]
    address: str
    stub: runner_service_pb2_grpc.RunnerServiceStub
    state_dir: Path
    stderr_path: Path
    gates_dir: Path
    mark: str = ""  # in the environment of the runner and of all that it starts

    def train(self, request_id="", **changes) -> job_pb2.Job:
        return self.stub.Train(
            runner_service_pb2.TrainRequest(request_id=request_id, spec=small_spec(**changes))
        )

    def watch(self, job: job_pb2.Job, after=0):
        return Watching(self.watch_all(job, after))

    def watch_all(self, job: job_pb2.Job, after=0):
        """Heartbeats too."""
        return self.stub.WatchJob(
            runner_service_pb2.WatchJobRequest(job_id=job.job_id, after_sequence=after),
            timeout=HANG_SECONDS,
        )

    def get(self, job: job_pb2.Job) -> job_pb2.Job:
        return self.stub.GetJob(runner_service_pb2.GetJobRequest(job_id=job.job_id))

    def cancel(self, job: job_pb2.Job) -> job_pb2.Job:
        return self.stub.CancelJob(runner_service_pb2.CancelJobRequest(job_id=job.job_id))

    def wait(self, job: job_pb2.Job) -> job_pb2.Job:
        """The job when it has ended."""
        for _ in self.watch(job):
            pass
        return self.get(job)

    def wait_for(self, job: job_pb2.Job, case: str) -> job_pb2.JobEvent:
        return next(event for event in self.watch(job) if event.HasField(case))

    def open(self, gate: str) -> None:
        """Lets processes of the runner pass that wait there, as some fakes do."""
        gates.open_(self.gates_dir, gate)

    def stop(self, number=signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(HANG_SECONDS)

    @property
    def stderr(self) -> str:
        return self.stderr_path.read_text()

    @property
    def descendants(self) -> list[int]:
        """Processes that the runner or a job of it started, orphans too, without zombies."""
        return [pid for pid in marked(self.mark) if pid != self.process.pid]

    def log(self, job: job_pb2.Job) -> list[str]:
        """The lines of the job's events on disk."""
        return (self.state_dir / "jobs" / job.job_id / "events.jsonl").read_text().splitlines()


def by_name(runner: Runner) -> str:
    """Its address by the computer's name: certificates have that and no address."""
    return f"localhost:{runner.address.rpartition(':')[2]}"


def resident_bytes(runner: Runner) -> int:
    status = Path(f"/proc/{runner.process.pid}/status").read_text()
    return 1024 * int(status.partition("VmRSS:")[2].split()[0])


def marked(mark: str) -> list[int]:
    """Processes that have ``mark`` in their environment; none where there is no /proc."""
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        pid = int(environ.parent.name)
        try:
            if mark.encode() in environ.read_bytes() or forks.is_marked(pid, mark):
                found.append(pid)
        except OSError:
            continue
    return found


def fake_environment(directory: Path, fake: str, framework="pytorch") -> None:
    """An environment for `Places`, whose interpreter runs the fake in place of the framework."""
    python = directory / f".venv-{framework}/bin/python"
    python.parent.mkdir(parents=True)
    runs = f"{sys.executable} -m tests.integration.fake_runner {fake}"
    python.write_text(f'#!/bin/sh\nshift 2\nexec {runs} "$@"\n')  # for -m services.server
    python.chmod(0o755)


def command(fake: str, state_dir: Path | str, *options: str, framework="pytorch") -> list[str]:
    """Starts a runner with the fake on a free port, unless ``options`` say otherwise."""
    return [
        *(sys.executable, "-m", "tests.integration.fake_runner", fake),
        *("--framework", framework, "--listen", "127.0.0.1:0"),
        *("--state-dir", str(state_dir), "--data-dir", str(Path(state_dir).parent / "data")),
        *options,
    ]


def default_port(monkeypatch, port: int, framework="pytorch") -> None:
    """For the orchestrator of this process."""
    changed = dataclasses.replace(FRAMEWORKS[framework], port=port)
    monkeypatch.setitem(FRAMEWORKS, framework, changed)


@contextlib.contextmanager
def runners(directory: Path) -> Iterator[Callable[..., Runner]]:
    """Gives a function that starts a runner; the same ``name`` again means the same state.

    ``inside`` is a command that the runner's own command is given to, and that becomes it in a
    mount namespace of its own. Afterwards no process may be left.
    """
    processes: list[subprocess.Popen[str]] = []
    channels: list[grpc.Channel] = []
    mark = f"TWINRUN_TEST={uuid.uuid4()}"

    def start(
        fake: str = "good",
        *options: str,
        framework="pytorch",
        name="state",
        inside: Sequence[str] = (),
    ) -> Runner:
        state_dir = directory / name
        stderr_path = directory / f"{name}-{len(processes)}.stderr"
        gates_dir = directory / f"{name}-{len(processes)}.gates"
        gates_dir.mkdir(parents=True)
        (state_dir / "address").unlink(missing_ok=True)
        with stderr_path.open("w") as stderr:
            process = forks.popen(
                [*inside, *command(fake, state_dir, *options, framework=framework)],
                stdin=subprocess.PIPE,
                stderr=stderr,
                text=True,
                env={
                    **os.environ,
                    **forks.served("services.trial.child"),
                    gates.VARIABLE: str(gates_dir),
                    **dict([mark.split("=")]),
                },
            )
        processes.append(process)
        if inside:
            state_dir = Path(f"/proc/{process.pid}/root{state_dir}")
        address = await_text(state_dir / "address", process)
        channels.append(grpc.insecure_channel(address))
        stub = runner_service_pb2_grpc.RunnerServiceStub(channels[-1])
        return Runner(process, address, stub, state_dir, stderr_path, gates_dir, mark)

    yield start
    for channel in channels:
        channel.close()
    for process in processes:
        process.kill()
        process.wait()
        process.stdin.close()
    left = [] if eventually(lambda: not marked(mark)) else marked(mark)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left, "processes were left behind"


def end_an_idle_one(start) -> None:
    """Wait for as long as an idle runner without an owner stays: until such a one has ended."""
    idle = start("good", "--until-stdin-closes", name="idle")
    idle.process.stdin.close()
    assert idle.process.wait(HANG_SECONDS) == 0


def await_text(path: Path, process: subprocess.Popen) -> str:
    assert eventually(lambda: path.exists() or process.poll() is not None), f"no {path}"
    assert path.exists(), "the runner ended at its start"
    return path.read_text()


def health(address: str, wait_for_ready=False):
    with grpc.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service="twinrun.v1.RunnerService")
        return stub.Check(request, timeout=HANG_SECONDS, wait_for_ready=wait_for_ready).status


def details(error: grpc.RpcError, kind):
    """The detail of that kind in the status of a call."""
    found = kind()
    for detail in rpc_status.from_call(error).details:
        if detail.Unpack(found):
            return found
    raise AssertionError(f"no {kind} in {error}")


def reason(status) -> str:
    """The reason in the ErrorInfo of a google.rpc.Status."""
    return error_info(status).reason


def error_info(status):
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return info


def refused(*arguments: str) -> tuple[int, str]:
    """The exit code and what the runner wrote."""
    done = subprocess.run(
        arguments, stdin=subprocess.DEVNULL, capture_output=True, timeout=HANG_SECONDS, check=False
    )
    assert not done.stdout
    assert b"Traceback" not in done.stderr
    return done.returncode, done.stderr.decode()


def runners_of(home: Path) -> list[int]:
    """Process ids of runners whose state is below ``home``."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if "services.server" in words and any(str(home) in word for word in words):
            found.append(int(path.parent.name))
    return found
