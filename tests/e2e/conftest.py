"""Real containers on a real engine, in a Compose project of the tests' own."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.containers import Orchestrator, left_over, make


@pytest.fixture(scope="session", autouse=True)
def images() -> Iterator[None]:
    """Of this tree, built once."""
    if shutil.which("docker") is None:
        pytest.skip("there is no docker")
    answer = subprocess.run(["docker", "info"], capture_output=True, text=True, check=False)
    if answer.returncode:
        pytest.skip("no Docker engine answers")
    make("down")
    make("images")
    yield
    make("down")
    assert not left_over()


@pytest.fixture
def up() -> None:
    """Both runners, healthy."""
    make("up")


@pytest.fixture
def down() -> None:
    """No runners, and no volumes."""
    make("down")


@pytest.fixture
def orchestrator(tmp_path: Path) -> Orchestrator:
    return Orchestrator(tmp_path)
