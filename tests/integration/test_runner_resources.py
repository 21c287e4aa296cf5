"""What a runner's own process costs: imports, memory, open files, threads, processes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from twinrun.v1 import runner_service_pb2

from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("no_forks")

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
    # Less than one a job. How many calls overlap, and so have a thread each, is chance.
    assert eventually(lambda: len(list(Path(f"/proc/{pid}/task").iterdir())) < threads + 10)
    assert resident_mb(pid) < 150
    assert "numpy" not in Path(f"/proc/{pid}/maps").read_text()


def test_what_a_runner_imports_before_it_answers_is_little():
    """Nearly all of its start is that: measured by modules, which no other load changes."""
    command = [sys.executable, "-X", "importtime", "-c", "import services.runner.server"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    modules = re.findall(r"^import time: .*\| +(\S+)$", done.stderr, re.MULTILINE)
    assert "grpc" in modules
    assert len(modules) < 420  # some 350; NumPy would be 90 more


def test_a_runner_with_a_thousand_old_jobs_lists_them_all(start):
    first = start()
    job = first.wait(first.train())
    first.stop()
    jobs = first.state_dir / "jobs"
    text = (jobs / job.job_id / "job.json").read_text()
    for number in range(1000):
        copy = jobs / f"{job.job_id}-{number}"
        copy.mkdir()
        (copy / "job.json").write_text(text.replace(job.job_id, copy.name))
    runner = start()
    listed = runner.stub.ListJobs(runner_service_pb2.ListJobsRequest(page_size=1000)).jobs
    assert len(listed) == 1000
