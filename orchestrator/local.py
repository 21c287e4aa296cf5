"""Runners as processes of this machine, each in its framework's own environment."""

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from orchestrator.config import Places
from orchestrator.errors import RunnerUnavailable
from orchestrator.language import Phrase, english

_ENDED = Phrase(
    "The {framework} runner ended as it was started; its last lines, from {log}:\n{last}"
)
_NO_PYTHON = Phrase(
    "No {framework} runner answers, and there is no {python} to start one: run 'make setup', or "
    "give the address of one with --{framework}."
)
_NOT_STARTED = Phrase(
    "A {framework} runner could not be started: {error}. It keeps its jobs in {state_dir}; set "
    "XDG_STATE_HOME to have them elsewhere."
)
_START_SECONDS = 300.0  # one that lives and takes longer hangs: a busy machine is slow
_STOP_SECONDS = 15.0
_LOG_LINES = 5


@dataclass(frozen=True, slots=True)
class LocalRunner:
    """One that was started here. It outlives a killed orchestrator until its job is done."""

    framework: str
    process: subprocess.Popen[bytes]
    state_dir: Path

    @property
    def gone(self) -> bool:
        return self.process.poll() is not None

    def address(self) -> str:
        """Where it listens, once it does. Raises RunnerUnavailable."""
        deadline = time.monotonic() + _START_SECONDS
        address = self.state_dir / "address"
        while not address.exists():
            if self.gone or time.monotonic() > deadline:
                log = _log(self.state_dir)
                last = "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES:])
                raise RunnerUnavailable(
                    english(_ENDED, framework=self.framework, log=log, last=last)
                )
            time.sleep(0.01)
        return address.read_text()

    def leave(self) -> None:
        """Let it end by itself once idle."""
        if self.process.stdin is not None:
            self.process.stdin.close()

    def terminate(self) -> None:
        self.process.terminate()

    def wait(self) -> None:
        """Until it has ended; it is killed where it does not."""
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.leave()


def announced(framework: str, places: Places) -> str | None:
    """The address that a runner with the user's own state directory says that it listens on."""
    try:
        return (places.state_home / framework / "address").read_text()
    except OSError:
        return None


def start(framework: str, places: Places, lazy: bool) -> LocalRunner:
    """Start a runner on a free port; return at once. Raises RunnerUnavailable.

    ``lazy``: it imports the framework with its first job, so as not to disturb another's trial.
    """
    python = places.python(framework)
    if not python.exists():
        raise RunnerUnavailable(english(_NO_PYTHON, framework=framework, python=python))
    state_dir = places.state_home / framework
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        (state_dir / "address").unlink(missing_ok=True)
        with _log(state_dir).open("wb") as log:
            process = subprocess.Popen(
                [
                    *(python, "-m", "services.server", "--framework", framework),
                    *("--listen", "127.0.0.1:0", "--state-dir", state_dir),
                    *("--until-stdin-closes", *(["--lazy"] if lazy else [])),
                ],
                env={**os.environ, "PYTHONSAFEPATH": "1"},  # imports nothing of the user's folder
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is the orchestrator's to handle
            )
    except OSError as error:
        raise RunnerUnavailable(
            english(_NOT_STARTED, framework=framework, error=error, state_dir=state_dir)
        ) from error
    return LocalRunner(framework, process, state_dir)


def _log(state_dir: Path) -> Path:
    return state_dir / "runner.log"
