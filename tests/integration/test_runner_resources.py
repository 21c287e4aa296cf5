"""What a runner's own process costs: start, memory, open files, threads, processes."""

import subprocess
import time
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from twinrun.v1 import runner_service_pb2

from tests.integration.conftest import command, eventually

LINUX = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's /proc")


def resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024 / 1e6


def open_files(pid: int) -> list[str]:
    return [str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()]


def children(pid: int) -> list[str]:
    """The children of a process, whichever thread started them; zombies too."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [child for task in tasks for child in task.read_text().split()]


@LINUX
def test_a_runner_stays_small_imports_no_numpy_and_leaks_nothing_over_many_jobs(start):
    runner = start()
    pid = runner.process.pid
    runner.wait(runner.train())
    files, threads = len(open_files(pid)), len(list(Path(f"/proc/{pid}/task").iterdir()))
    for number in range(10):
        job = runner.train(seed=number)
        if number % 3 == 2:
            runner.cancel(job)
        runner.wait(job)
    assert eventually(lambda: len(open_files(pid)) <= files), open_files(pid)
    assert not children(pid)
    assert len(list(Path(f"/proc/{pid}/task").iterdir())) <= threads + 2
    assert resident_mb(pid) < 150
    assert "numpy" not in Path(f"/proc/{pid}/maps").read_text()


def test_health_is_answered_in_under_two_seconds_from_the_start_of_the_process(tmp_path):
    state_dir = tmp_path / "state"
    began = time.monotonic()
    process = subprocess.Popen(command("good", state_dir), stderr=subprocess.DEVNULL)
    try:
        assert eventually((state_dir / "address").exists)
        with grpc.insecure_channel((state_dir / "address").read_text()) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            stub.Check(health_pb2.HealthCheckRequest(), wait_for_ready=True, timeout=5)
            assert time.monotonic() - began < 2
    finally:
        process.terminate()
        process.wait(10)


def test_a_runner_with_a_thousand_old_jobs_starts_in_under_two_seconds(start, tmp_path):
    first = start()
    job = first.wait(first.train())
    first.stop()
    jobs = first.state_dir / "jobs"
    text = (jobs / job.job_id / "job.json").read_text()
    for number in range(1000):
        copy = jobs / f"{job.job_id}-{number}"
        copy.mkdir()
        (copy / "job.json").write_text(text.replace(job.job_id, copy.name))
    began = time.monotonic()
    runner = start()
    listed = runner.stub.ListJobs(runner_service_pb2.ListJobsRequest(page_size=1000)).jobs
    assert time.monotonic() - began < 2
    assert len(listed) == 1000
