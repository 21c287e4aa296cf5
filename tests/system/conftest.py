"""Runs the orchestrator's command, with real runners in their own environments."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders.commands import UNDRAWN
from tests.builders.runners import runners_of
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
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    environment = {
        "TWINRUN_DATA_DIR": str(cache / "twinrun/data"),
        **os.environ,
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CACHE_HOME": str(home / "cache"),  # certificates
    }
    for name in ("TWINRUN_PYTORCH", "TWINRUN_TENSORFLOW", "TWINRUN_OUTPUT"):
        environment.pop(name, None)

    def start(*arguments: str, module: str = "orchestrator") -> subprocess.Popen:
        return subprocess.Popen(
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
