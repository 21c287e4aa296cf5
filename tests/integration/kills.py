"""``compare`` with local runners of fakes, of which one process is killed at a random moment."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twinrun.contract.enums import JobState

from orchestrator.storage import shelf, store
from orchestrator.trials.trial import Trial
from tests.builders.runners import fake_environment, marked
from tests.integration.fake_runner import LINGER
from tests.waiting import HANG_SECONDS, eventually

TARGETS = ("child", "runner", "orchestrator", "renderer")
PAIRS = 3
FRAMEWORKS = ("pytorch", "tensorflow")
# The command line as it is, with an environment of fakes, and with nobody at the default ports.
_COMMAND = """
import dataclasses, pathlib, sys
from orchestrator import frameworks
from orchestrator.cli import main
from orchestrator.settings import config
home = pathlib.Path(sys.argv.pop(1))
for name, each in frameworks.FRAMEWORKS.items():
    frameworks.FRAMEWORKS[name] = dataclasses.replace(each, port=1)
config.Places.python = lambda self, name: home / f".venv-{name}/bin/python"
main.main()
"""
_SMALL = ("--workload=synthetic-mlp", "--threads=1", "--train-limit=300", "--batch-size=100")
_COMPARE = ("compare", *_SMALL, "--epochs=2", f"--repeats={PAIRS}", "--same-seed", "--no-verify")
_EVENTS = 2 * PAIRS * 24  # of a whole comparison
_PARTS = {
    "child": "services.trial.child",
    "runner": "fake_runner",
    "renderer": "orchestrator.figures.renderer",
}


@dataclass
class Killing:
    """One ``compare`` in ``home``, and what became of it."""

    home: Path
    target: str
    chance: random.Random
    mark: str = field(default_factory=lambda: f"TWINRUN_TEST={uuid.uuid4().hex}")
    killed: bool = False
    code: int = 0
    stderr: str = ""

    def run(self) -> None:
        """To the end of the command, and of all that it had started."""
        for name in FRAMEWORKS:
            fake_environment(self.home, "slow", name)
        moment, delay = self.chance.randrange(_EVENTS), self.chance.random() / 20
        process = self._start(*_COMPARE)
        while process.poll() is None and not self.killed:
            if self._progress() >= moment:
                time.sleep(delay)
                self._kill(process)
            time.sleep(0.002)
        _, self.stderr = process.communicate(timeout=HANG_SECONDS)
        self.code = process.returncode
        assert eventually(lambda: not marked(self.mark)), "processes were left behind"

    def ask(self, *arguments: str) -> subprocess.CompletedProcess:
        """Another command, afterwards, that succeeds."""
        process = self._start(*arguments)
        stdout, stderr = process.communicate(timeout=HANG_SECONDS)
        assert process.returncode == 0, stderr
        assert eventually(lambda: not marked(self.mark)), "processes were left behind"
        return subprocess.CompletedProcess(arguments, 0, stdout, stderr)

    @property
    def ran(self) -> store.Run | None:
        return next(iter(shelf.runs(self.home / "runs")), None)

    @property
    def partials(self) -> list[Path]:
        """What was half written, in all that the command and its runners keep."""
        return list(self.home.rglob(".*.[0-9]*"))

    def _start(self, *arguments: str) -> subprocess.Popen:
        name, value = self.mark.split("=")
        homes = {f"XDG_{kind}_HOME": str(self.home / kind) for kind in ("STATE", "CACHE", "CONFIG")}
        return subprocess.Popen(
            [sys.executable, "-c", _COMMAND, str(self.home), *arguments],
            cwd=self.home,
            env={**os.environ, **homes, LINGER: "0.6", name: value},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _progress(self) -> int:
        """How many events have arrived."""
        return sum(p.read_bytes().count(b"\n") for p in self.home.glob("runs/*/events/*.jsonl"))

    def _kill(self, command: subprocess.Popen) -> None:
        """Where there is one at the moment; else it is tried again."""
        found = [command.pid]
        if self.target != "orchestrator":
            found = [pid for pid in marked(self.mark) if _is(pid, _PARTS[self.target])]
        if found:
            try:
                os.kill(self.chance.choice(sorted(found)), signal.SIGKILL)
            except ProcessLookupError:
                return
            self.killed = True


def _is(pid: int, part: str) -> bool:
    try:
        return part.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def finished(run: store.Run) -> list[Trial]:
    """The trials that its events tell to have succeeded."""
    return [trial for trial in run.trials() if trial.state is JobState.SUCCEEDED]


def comparison(run: store.Run) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run.path / "comparison.json").read_text())
    return found
