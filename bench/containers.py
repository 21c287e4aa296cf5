"""``python -m bench.containers``, after `make up`: a trial in a container beside a local one.

The same job in turns, container, local, local, container and so on, so that other load on the
machine affects both alike. Exits with code 1 if a container takes more than 1.03 of the time.

``--python`` gives the local runner another interpreter, with the packages of its environment: one
build of Python can be a tenth faster than another, and the image has its own.
"""

import argparse
import contextlib
import os
import statistics
import sys
import uuid
from contextlib import AbstractContextManager
from pathlib import Path

from twinrun.v1 import job_pb2

from bench.runners import Runner, runner
from orchestrator.frameworks import FRAMEWORKS
from orchestrator.runners.client import Client
from orchestrator.settings.config import job_spec

MOST = 1.03
TURNS = ("container", "local", "local", "container")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.containers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=8, help="of four trials, after a warm-up")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--python", help="of the local runner (default: its environment's)")
    chosen = parser.parse_args()
    changes = {
        "epochs": chosen.epochs,
        "threads": chosen.threads,
        "dataset.synthetic.train_samples": 60_000,
    }
    spec = job_spec("synthetic-mlp", changes)
    missed = 0
    print("| framework | local, s | container, s | container / local, by pairs |")
    print("|---|---|---|---|")
    for framework in FRAMEWORKS:
        seconds = measure(framework, spec, chosen.rounds, chosen.python)
        # Neighbours in time have met the same machine.
        pairs = zip(seconds["container"], seconds["local"], strict=True)
        ratio = statistics.median(container / local for container, local in pairs)
        missed += ratio > MOST
        print(
            f"| {framework} | {spread(seconds['local'])} | {spread(seconds['container'])} |"
            f" {ratio:.3f}{' MISSED' if ratio > MOST else ''} |",
            flush=True,
        )
    return int(missed > 0)


def spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.3f} ({min(seconds):.3f} to {max(seconds):.3f})"


def measure(
    framework: str, spec: job_pb2.JobSpec, rounds: int, python: str | None
) -> dict[str, list[float]]:
    """Return seconds of training of each trial, in the order in which they ran."""
    seconds: dict[str, list[float]] = {"container": [], "local": []}
    with contextlib.ExitStack() as exits:
        addresses = {
            "container": f"127.0.0.1:{FRAMEWORKS[framework].port}",
            "local": exits.enter_context(local_runner(framework, python)).address,
        }
        clients = {
            where: exits.enter_context(contextlib.closing(Client(framework, address)))
            for where, address in addresses.items()
        }
        for client in clients.values():
            client.environment()  # waits for the import that stands by
        for number in range(rounds + 1):
            for where in TURNS:
                took = train(clients[where], spec)
                if number:
                    seconds[where].append(took)
    return seconds


def local_runner(framework: str, python: str | None) -> AbstractContextManager[Runner]:
    """Return a runner that ends with its block; ``python``: as in the module's text."""
    (packages,) = Path(f".venv-{framework}").glob("lib/python3*/site-packages")
    paths = (packages.resolve(), Path.cwd(), Path.cwd() / "proto")
    own = {"PYTHONPATH": ":".join(map(str, paths))} if python else {}
    named = python or f".venv-{framework}/bin/python"
    return runner(framework, named, environment=os.environ | own)


def train(client: Client, spec: job_pb2.JobSpec) -> float:
    """Return the seconds of the phase that is compared."""
    job = client.train(client.validate(spec), uuid.uuid4().hex)
    for event in client.watch(job.job_id):
        finished = event.phase_finished
        if event.HasField("phase_finished") and finished.phase == job_pb2.PHASE_TRAIN:
            took = finished.duration.ToNanoseconds() / 1e9
    return took


if __name__ == "__main__":
    sys.exit(main())
