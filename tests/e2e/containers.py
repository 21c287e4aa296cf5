"""Commands on containers, and what there is of them."""

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.waiting import HANG_SECONDS, eventually

ROOT = Path(__file__).parents[2]
PROJECT = "twinrun-e2e"
# Not the usual ones: whoever runs the tests may have runners there.
PORTS = {"pytorch": 50951, "tensorflow": 50952}
JAX_PORT, JAX_IMAGE = 50953, "twinrun-jax:cpu"  # only where it is asked for
IMAGES = {"pytorch": "twinrun-pytorch:default", "tensorflow": "twinrun-tensorflow:cpu"}
ADDRESSES = tuple(f"--{name}=127.0.0.1:{port}" for name, port in PORTS.items())
SMALL = ("--workload=synthetic-mlp", "--train-limit=640", "--threads=1", "--epochs=1")
LONG = ("--workload=synthetic-mlp", "--train-limit=640", "--threads=1", "--epochs=10000")
_UNSET = (
    *("TLS", "TWINRUN_BIND", "GPU", "TORCH", "TENSORFLOW", "JAX", "COMPILER", "FRAMEWORKS"),
    *("MAKEFLAGS", "MAKELEVEL"),
)


def environment(**settings: str) -> dict[str, str]:
    """Nothing of the caller's own settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _UNSET and not name.startswith(("TWINRUN_", "COMPOSE_"))
    }
    everyone = PORTS | {"jax": JAX_PORT}
    ports = {f"TWINRUN_{name.upper()}_PORT": str(port) for name, port in everyone.items()}
    return {**kept, "COMPOSE_PROJECT_NAME": PROJECT, **ports, **settings}


def run(
    command: Sequence[str | Path], code: int | None = 0, cwd: Path = ROOT, **settings: str
) -> subprocess.CompletedProcess[str]:
    """The command, ended with ``code`` and without a traceback; any code for None."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment(**settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert code is None or done.returncode == code, done.stdout[-2000:] + done.stderr
    return done


def make(*arguments: str, code: int = 0, **settings: str) -> subprocess.CompletedProcess[str]:
    """`make` with the target, and what it said."""
    return run(["make", "--no-print-directory", *arguments], code, **settings)


def docker(*arguments: str, code: int | None = 0) -> str:
    return run(["docker", *arguments], code).stdout.strip()


def container(service: str) -> str:
    """Its id, running or not; empty where there is none."""
    return docker("compose", "ps", "--all", "--quiet", service)


def inspect(name: str) -> dict[str, Any]:
    (found,) = json.loads(docker("inspect", name))
    return found


def left_over() -> list[str]:
    """Containers, volumes and networks of the project."""
    label = f"--filter=label=com.docker.compose.project={PROJECT}"
    return [
        *docker("ps", "--all", "--quiet", label).split(),
        *docker("volume", "ls", "--quiet", label).split(),
        *docker("network", "ls", "--quiet", label).split(),
    ]


class Orchestrator:
    """The command on the host, with homes of its own and the containers' addresses."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._env = {"XDG_STATE_HOME": str(home / "state"), "XDG_CACHE_HOME": str(home / "cache")}

    def start(self, command: str, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "orchestrator", command, *ADDRESSES, *arguments],
            cwd=self._home,
            env=environment(**self._env, PYTHONPATH=str(ROOT)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(
        self, command: str, *arguments: str, code: int = 0
    ) -> subprocess.CompletedProcess[str]:
        process = self.start(command, *arguments)
        stdout, stderr = process.communicate(timeout=HANG_SECONDS)
        assert "Traceback" not in stderr, stderr
        assert process.returncode == code, stderr
        return subprocess.CompletedProcess(arguments, code, stdout, stderr)

    def jobs(self, framework: str) -> dict[str, dict[str, Any]]:
        """By id."""
        said = self("jobs", f"--frameworks={framework}", "--json").stdout
        return {job["job_id"]: job for job in json.loads(said)}

    def start_long_job(self, framework: str) -> tuple[subprocess.Popen[str], str]:
        """The command that watches it, and the job's id, once it trains."""
        before = self.jobs(framework)
        process = self.start("train", "-f", framework, *LONG)
        found: set[str] = set()

        def trains() -> bool:
            assert process.poll() is None, process.communicate()
            jobs = self.jobs(framework)
            found.update(
                name
                for name in jobs.keys() - before.keys()
                if jobs[name]["state"] == "JOB_STATE_RUNNING"
                and int(jobs[name].get("last_sequence", 0)) > 20
            )
            return bool(found)

        assert eventually(trains)
        return process, found.pop()


@contextlib.contextmanager
def listening(port: int) -> Iterator[None]:
    """Something else on a port of this machine."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        yield
