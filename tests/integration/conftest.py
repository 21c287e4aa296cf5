"""Real runners on fake frameworks, each in a process of its own, ended after each test."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from google.protobuf import json_format
from google.rpc import error_details_pb2
from twinrun.v1 import job_pb2, runner_service_pb2, runner_service_pb2_grpc

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


@dataclass
class Runner:
    process: subprocess.Popen[str]
    address: str
    stub: runner_service_pb2_grpc.RunnerServiceStub
    state_dir: Path
    stderr_path: Path

    def train(self, request_id="", **changes) -> job_pb2.Job:
        return self.stub.Train(
            runner_service_pb2.TrainRequest(request_id=request_id, spec=small_spec(**changes))
        )

    def watch(self, job: job_pb2.Job, after=0):
        return self.stub.WatchJob(
            runner_service_pb2.WatchJobRequest(job_id=job.job_id, after_sequence=after),
            timeout=60,
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

    def stop(self, number=signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)

    @property
    def stderr(self) -> str:
        return self.stderr_path.read_text()


@pytest.fixture
def start(tmp_path) -> Iterator[Callable[..., Runner]]:
    """Starts a runner; the same ``name`` again means the same state directory."""
    runners: list[tuple[Runner, grpc.Channel]] = []

    def start(fake: str = "good", *options: str, framework="pytorch", name="state") -> Runner:
        state_dir = tmp_path / name
        stderr_path = tmp_path / f"{name}-{len(runners)}.stderr"
        (state_dir / "address").unlink(missing_ok=True)
        with stderr_path.open("w") as stderr:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "tests.integration.fake_runner", fake),
                    *("--framework", framework, "--listen", "127.0.0.1:0"),
                    *("--state-dir", str(state_dir), "--data-dir", str(tmp_path / "data")),
                    *options,
                ],
                stdin=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        address = await_text(state_dir / "address", process)
        channel = grpc.insecure_channel(address)
        stub = runner_service_pb2_grpc.RunnerServiceStub(channel)
        runner = Runner(process, address, stub, state_dir, stderr_path)
        runners.append((runner, channel))
        return runner

    yield start
    for runner, channel in runners:
        channel.close()
        if runner.process.poll() is None:
            runner.process.kill()
        runner.process.wait()
        runner.process.stdin.close()


def await_text(path: Path, process: subprocess.Popen) -> str:
    for _ in range(200):
        if path.exists():
            return path.read_text()
        assert process.poll() is None, "the runner ended at its start"
        time.sleep(0.05)
    raise AssertionError(f"{path} did not appear")


def reason(status) -> str:
    """The reason in the ErrorInfo of a google.rpc.Status."""
    return error_info(status).reason


def error_info(status):
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return info
