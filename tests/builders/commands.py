"""The orchestrator's command, run in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from orchestrator.storage import shelf, store
from tests import forks
from tests.waiting import HANG_SECONDS, eventually

UNDRAWN = "tests.integration.undrawn"


class Orchestrator:
    """Runs commands in a directory of its own, with homes and environments of its own.

    Most figures are drawn only by the command as users have it, ``module="orchestrator"``.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.output = home / "runs"
        self.env = {
            **os.environ,
            "XDG_STATE_HOME": str(home / "state"),
            "XDG_CACHE_HOME": str(home / "cache"),
        }
        for name in ("TWINRUN_PYTORCH", "TWINRUN_TENSORFLOW", "TWINRUN_OUTPUT"):
            self.env.pop(name, None)

    def start(self, *arguments: str, module: str = UNDRAWN, **settings) -> subprocess.Popen:
        popen = forks.popen if module == UNDRAWN else subprocess.Popen
        return popen(
            [sys.executable, "-m", module, *arguments],
            cwd=self.home,
            env={**self.env, **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, code: int = 0, **settings) -> subprocess.CompletedProcess:
        """The command, ended with ``code`` and without a traceback."""
        process = self.start(*arguments, **settings)
        try:
            stdout, stderr = process.communicate(timeout=HANG_SECONDS)
        finally:
            process.kill()
        assert "Traceback" not in stderr, stderr
        assert process.returncode == code, stderr
        return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)

    def latest(self) -> store.Run:
        return shelf.find("latest", self.output)


SMALL = ("--workload=synthetic-mlp", "--threads=1", "--train-limit=1000", "--batch-size=100")


def await_epoch(orchestrator: Orchestrator, process: subprocess.Popen) -> None:
    """Until the run has an epoch."""

    def has_one() -> bool:
        assert process.poll() is None, process.communicate()
        trials = orchestrator.latest().trials() if shelf.runs(orchestrator.output) else []
        return bool(trials and trials[0].epochs)

    assert eventually(has_one)
