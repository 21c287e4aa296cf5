"""The engine's command-line client, and the checks before it is used."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_ENGINE, _COMPOSE = (25, 0), (2, 20)  # health checks' start interval; the oldest that was tried
_INSTEAD = "or do without containers: make compare"


class Fault(Exception):
    """One sentence for the user: what is wrong, and the remedy."""


class Docker:
    """Runs the client's commands in the project's root."""

    def __init__(self) -> None:
        found = shutil.which("docker")
        if found is None:
            raise Fault(
                "Docker is not installed: install Docker Engine 25 or later with Compose "
                f"(https://docs.docker.com/engine/install), {_INSTEAD}."
            )
        self._command = found
        self.files: list[str] = []
        self.settings: dict[str, str] = {}

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command and capture its output."""
        return subprocess.run(
            [self._command, *arguments],
            cwd=ROOT,
            env=os.environ | self.settings,
            capture_output=True,
            text=True,
            check=False,
        )

    def compose(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.ask("compose", *self.files, *arguments)

    def show(self, *arguments: str) -> int:
        """Run a command of Compose with its output on the terminal; return its exit code."""
        command = [self._command, "compose", *self.files, *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=os.environ | self.settings, check=False
        ).returncode


def check(docker: Docker) -> None:
    """Check that the engine and Compose exist and are not too old. Raises Fault."""
    engine = docker.ask("version", "--format", "{{.Server.Version}}")
    if engine.returncode:
        said = last_line(engine.stderr)
        if "permission denied" in said:
            raise Fault(
                "You may not use Docker: become a member of its group (sudo usermod -aG docker "
                f"$USER, then log in again), {_INSTEAD}. It said: {said}"
            )
        raise Fault(
            "No Docker engine answers: start it (sudo systemctl start docker, or Docker Desktop), "
            f"{_INSTEAD}. The client said: {said}"
        )
    if _version(engine.stdout) < _ENGINE:
        raise Fault(
            f"Docker Engine {engine.stdout.strip()} is too old: install 25 or later "
            f"(https://docs.docker.com/engine/install), {_INSTEAD}."
        )
    compose = docker.ask("compose", "version", "--short")
    if compose.returncode:
        raise Fault(
            "Docker Compose is not installed: install its plugin, 2.20 or later "
            f"(https://docs.docker.com/compose/install), {_INSTEAD}."
        )
    if _version(compose.stdout) < _COMPOSE:
        raise Fault(
            f"Docker Compose {compose.stdout.strip()} is too old: install 2.20 or later "
            f"(https://docs.docker.com/compose/install), {_INSTEAD}."
        )


def _version(text: str) -> tuple[int, int]:
    """Parse ``v2.26.1-4`` as (2, 26); an unreadable version is assumed to be new."""
    match = re.search(r"(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (sys.maxsize, 0)


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["nothing"])[-1]
