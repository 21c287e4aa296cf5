"""Part ``faults``: memory that runs out, a killed trial, and another process on the card."""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pynvml
from twinrun.contract.enums import Device
from twinrun.v1 import job_pb2

from bench.gpu.part import Table, options, save
from bench.runners import runner
from orchestrator.runners.client import Client
from orchestrator.settings.config import job_spec

FREE = 2**30  # bytes that may stay in use beside what there was
WAIT_SECONDS = 30.0  # for memory to be free again
JOB = {"dataset.synthetic.train_samples": 20_000, "epochs": 2, "threads": 1}
LONG = JOB | {"epochs": 1000}
# The output of its convolution alone has 630 GB.
TOO_LARGE = JOB | {
    "batch_size": 20_000,
    "layers": [
        {"conv2d": {"filters": 40_000, "padding": 1}},
        {"flatten": {}},
        {"dense": {"units": 10}},
    ],
}


def main() -> int:
    chosen = options()
    (framework,) = chosen.frameworks
    table = Table(f"{framework}: faults", ["what", "came of it"])

    def told(what: str, came: str) -> None:
        table.rows.append([what, came])
        print(framework, what, came, flush=True)
        save(chosen, table)

    environment = {**os.environ, "TWINRUN_DATA_DIR": str(chosen.data_dir)}
    with runner(framework, sys.executable, environment=environment) as made:
        client = Client(framework, made.address)
        client.environment()  # waits for the import that stands by
        before = memory()
        jobs = {"fits": JOB, "too large": TOO_LARGE, "fits, after it": JOB}
        for name, changes in jobs.items():
            told(name, ending(trained(client, job(changes, chosen))))
        told("killed while it trains", ending(killed(client, job(LONG, chosen), made.process.pid)))
        told("memory still in use", freed(before))
        told("fits, after it", ending(trained(client, job(JOB, chosen))))
        if chosen.device is Device.CUDA:
            with busy():
                told("beside another process", shared(trained(client, job(JOB, chosen))))
        client.close()
    return 0


def job(changes: dict[str, object], chosen: argparse.Namespace) -> job_pb2.JobSpec:
    return job_spec("synthetic-mlp", {**changes, "device": f"DEVICE_{chosen.device.upper()}"})


def started(client: Client, spec: job_pb2.JobSpec) -> str:
    """Submit a job; return its name."""
    return client.train(client.validate(spec), uuid.uuid4().hex).job_id


def trained(client: Client, spec: job_pb2.JobSpec) -> list[job_pb2.JobEvent]:
    """Return a job's events."""
    return list(client.watch(started(client, spec)))


def killed(client: Client, spec: job_pb2.JobSpec, runner_pid: int) -> list[job_pb2.JobEvent]:
    """Return the events of a job whose process is killed after its first epoch."""
    events = []
    for event in client.watch(started(client, spec)):
        events.append(event)
        if event.HasField("epoch_finished") and event.epoch_finished.epoch == 0:
            for pid in children(runner_pid):
                os.kill(pid, signal.SIGKILL)
    return events


def children(pid: int) -> list[int]:
    """Return the processes that this one has started."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in lists for child in path.read_text().split()]


def ending(events: list[job_pb2.JobEvent]) -> str:
    """Return how a job ended: its state, and its error."""
    changes = [event.state_changed for event in events if event.HasField("state_changed")]
    return f"{job_pb2.JobState.Name(changes[-1].state)} {changes[-1].error.message}".strip()[:300]


def shared(events: list[job_pb2.JobEvent]) -> str:
    """Return how many processes NVML saw on the card."""
    used = [event.resources_used for event in events if event.HasField("resources_used")]
    return f"{ending(events)}, {used[-1].accelerator.most_processes} processes at most"


def memory() -> int | None:
    """Return the bytes in use on the first card; None without one."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    used: int = pynvml.nvmlDeviceGetMemoryInfo(pynvml.nvmlDeviceGetHandleByIndex(0)).used
    return used


def freed(before: int | None) -> str:
    """Wait until a killed process has given its memory back; return what is still in use."""
    if before is None:
        return "no card"
    began = time.monotonic()
    while (more := (memory() or 0) - before) > FREE and time.monotonic() - began < WAIT_SECONDS:
        time.sleep(0.1)
    return f"{more / 2**20:.0f} MiB more than before, after {time.monotonic() - began:.1f} s"


@contextlib.contextmanager
def busy() -> Iterator[None]:
    """Keep the card busy from another process."""
    process = subprocess.Popen([sys.executable, "-m", "bench.gpu.busy"], stdout=subprocess.PIPE)
    try:
        if process.stdout is not None:
            process.stdout.readline()
        yield
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
