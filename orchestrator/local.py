"""Runners as processes of this machine, each in its framework's own environment."""

import subprocess
import time
from dataclasses import dataclass

from orchestrator.config import Places
from orchestrator.errors import RunnerUnavailable

_START_SECONDS = 20.0
_STOP_SECONDS = 15.0
_LOG_LINES = 5


@dataclass(frozen=True, slots=True)
class LocalRunner:
    """One that was started here. It outlives a killed orchestrator until its job is done."""

    framework: str
    address: str
    process: subprocess.Popen[bytes]

    @property
    def gone(self) -> bool:
        return self.process.poll() is not None

    def leave(self) -> None:
        """Let it end by itself once idle: someone else's job runs on it."""
        if self.process.stdin is not None:
            self.process.stdin.close()

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.leave()


def require_environment(framework: str, places: Places) -> None:
    """Raises RunnerUnavailable where a runner of the framework could not be started."""
    python = places.python(framework)
    if not python.exists():
        raise RunnerUnavailable(
            f"No {framework} runner answers, and there is no {python} to start one: run "
            f"'make setup', or give the address of one with --{framework}."
        )


def announced(framework: str, places: Places) -> str | None:
    """The address that a runner with the user's own state directory last listened on."""
    try:
        return (places.state_home / framework / "address").read_text()
    except OSError:
        return None


def start(framework: str, places: Places) -> LocalRunner:
    """Start a runner on a free port; it listens when this returns. Raises RunnerUnavailable."""
    require_environment(framework, places)
    state_dir = places.state_home / framework
    log = state_dir / "runner.log"
    address = state_dir / "address"
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        address.unlink(missing_ok=True)
        with log.open("wb") as stderr:
            process = subprocess.Popen(
                [
                    *(places.python(framework), "-m", "services.server"),
                    *("--framework", framework, "--listen", "127.0.0.1:0"),
                    *("--state-dir", state_dir, "--until-stdin-closes"),
                ],
                stdin=subprocess.PIPE,
                stdout=stderr,
                stderr=stderr,
                start_new_session=True,  # Ctrl-C is the orchestrator's to handle
            )
    except OSError as error:
        raise RunnerUnavailable(
            f"A {framework} runner could not be started: {error}. It keeps its jobs in "
            f"{state_dir}; set XDG_STATE_HOME to have them elsewhere."
        ) from error
    deadline = time.monotonic() + _START_SECONDS
    while not address.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            last = "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES:])
            raise RunnerUnavailable(
                f"The {framework} runner ended as it was started; its last lines, from {log}:\n"
                f"{last}"
            )
        time.sleep(0.02)
    return LocalRunner(framework, address.read_text(), process)
