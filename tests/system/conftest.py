"""Runs the orchestrator's command, with real runners in their own environments."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import forks
from tests.builders.commands import UNDRAWN
from tests.builders.runners import runners_of
from tests.builders.served import data_dir, served
from tests.waiting import HANG_SECONDS


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """Where commands are given, among a student's files, of which none is to be imported."""
    path = tmp_path_factory.mktemp("home")
    for name in ("random", "types", "code"):
        (path / f"{name}.py").write_text("raise SystemExit('not this one')\n")
    return path


@pytest.fixture
def orchestrator(home):
    """Runs a command with local runners; datasets stay in the user's cache.

    Most figures are drawn only by the command as users have it, ``module="orchestrator"``.
    """
    environment = {
        "TWINRUN_DATA_DIR": data_dir(),
        **os.environ,
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CACHE_HOME": str(home / "cache"),  # certificates
    }
    for name in ("TWINRUN_PYTORCH", "TWINRUN_TENSORFLOW", "TWINRUN_OUTPUT"):
        environment.pop(name, None)

    def start(*arguments: str, module: str = "orchestrator") -> subprocess.Popen:
        popen = forks.popen if module == UNDRAWN else subprocess.Popen
        return popen(
            [sys.executable, "-P", "-m", module, *arguments],
            cwd=home,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(*arguments: str, code: int = 0, module: str = UNDRAWN) -> subprocess.CompletedProcess:
        process = start(*arguments, module=module)
        stdout, stderr = process.communicate(timeout=HANG_SECONDS)
        assert "Traceback" not in stderr, stderr
        assert process.returncode == code, stderr
        return subprocess.CompletedProcess(arguments, code, stdout, stderr)

    run.start = start
    yield run
    assert not runners_of(home), "a runner was left behind"


@pytest.fixture(scope="session")
def warm(tmp_path_factory) -> Iterator[tuple[str, str]]:
    """Flags of a runner for each framework, for commands whose processes are not looked at."""
    state = tmp_path_factory.mktemp("warm")
    with (
        served(state / "pytorch", "pytorch") as pytorch,
        served(state / "tensorflow", "tensorflow") as tensorflow,
    ):
        yield pytorch, tensorflow


@pytest.fixture
def warmed(orchestrator, warm):
    """Runs a command as `orchestrator` does, with the runners that serve all of them."""

    def run(*arguments: str, code: int = 0) -> subprocess.CompletedProcess:
        return orchestrator(*arguments, *warm, code=code)

    return run
