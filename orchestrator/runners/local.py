"""Runners as processes of this machine, each in its framework's own environment."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from twinrun.contract import state_dir

from orchestrator.errors import RunnerUnavailable
from orchestrator.frameworks import FRAMEWORKS
from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.runners.apart import start as start_thread
from orchestrator.settings.config import Places
from orchestrator.trials.sides import Side, framework_of, version_of

_ENDED = Phrase(
    "The {framework} runner ended during its start; its last lines, from {log}:\n{last}"
)
_DIED = Phrase(
    "The {framework} runner, process {pid}, has ended: {how}. What has finished is "
    "kept; {log} has its last lines."
)
_BY_SIGNAL = Phrase("killed by signal {number} ({name})")
_BY_CODE = Phrase("exit code {code}")
_NO_PYTHON = Phrase(
    "No {framework} runner answers, and there is no {python} to start one: run 'make "
    "setup', or give a runner's address with --{framework}."
)
_NO_OPTIONAL_PYTHON = Phrase(
    "No {framework} runner answers, and there is no {python} to start one: run 'make setup "
    "FRAMEWORKS={framework}', or give a runner's address with --{framework}."
)
_NOT_STARTED = Phrase(
    "A {framework} runner could not be started: {error}. It stores its jobs in "
    "{state_dir}; set XDG_STATE_HOME to move them elsewhere."
)
_NO_VERSION = Phrase(
    "There is no {python} for the side {name}: run 'make setup {variable}={version}', or give a "
    "runner's address with --runner {name}=HOST:PORT. Environments with versions here: {known}."
)
_NONE = Phrase("none")
START_SECONDS = 300.0  # a live process that takes longer is hung; a busy machine is slow
_STOP_SECONDS = 15.0
_VERSIONED = ".venv-*-[0-9]*/bin/python"
_LOG_LINES = 5


class Lease:
    """Keeps a local runner from ending by itself, until it is closed or this process ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def alone(self) -> bool:
        """Return whether no other command has a lease.

        If so, none gets one until this is closed.
        """
        return state_dir.hold(self._descriptor, alone=True)

    def close(self) -> None:
        os.close(self._descriptor)


@dataclass(frozen=True, slots=True)
class LocalRunner:
    """A runner that was started here. It outlives a killed orchestrator until its job is done."""

    framework: str
    process: subprocess.Popen[bytes]
    state_dir: Path

    @property
    def gone(self) -> bool:
        return self.process.poll() is not None

    def address(self) -> str:
        """Return where it listens, once it does. Raises RunnerUnavailable."""
        deadline = time.monotonic() + START_SECONDS
        while (address := state_dir.read(self.state_dir / state_dir.ADDRESS)) is None:
            if self.gone or time.monotonic() > deadline:
                log = self.state_dir / state_dir.LOG
                last = "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES:])
                raise RunnerUnavailable(
                    english(_ENDED, framework=self.framework, log=log, last=last)
                )
            time.sleep(0.01)
        return address

    def tell(self, ended: Callable[[Sentence], None]) -> None:
        """Call ``ended`` with a message once it has ended, from a thread of its own."""

        def wait() -> None:
            code = self.process.wait()
            how = english(_BY_CODE, code=code)
            if code < 0:
                how = english(_BY_SIGNAL, number=-code, name=_signal_name(-code))
            log = self.state_dir / state_dir.LOG
            names = {"framework": self.framework, "pid": self.process.pid, "log": log}
            ended(english(_DIED, **names, how=how))

        start_thread(wait)

    def leave(self) -> None:
        """Let it end by itself once idle."""
        if self.process.stdin is not None:
            self.process.stdin.close()

    def terminate(self) -> None:
        self.process.terminate()

    def kill(self) -> None:
        self.process.kill()

    def wait(self) -> None:
        """Wait until it has ended; kill it if it does not end."""
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.leave()


def announced(framework: str, places: Places) -> str | None:
    """Return the address that the runner of the user's own state directory has announced."""
    return state_dir.read(places.state_home / framework / state_dir.ADDRESS)


def holder(framework: str, places: Places) -> int | None:
    """Return the process of the runner of the user's own state directory. None: there is none."""
    path = places.state_home / framework
    try:
        lock = state_dir.held(path / state_dir.LOCK, alone=False)
    except OSError:  # no such directory; `start` reports an unusable one
        return None
    if lock is None:
        text = (state_dir.read(path / state_dir.LOCK) or "").strip()
        return int(text) if text.isdecimal() else 0  # 0: it is just being started
    os.close(lock)
    return None


def lease(framework: str, places: Places) -> Lease | None:
    """Lease the existing or future runner of the user's state directory. None: one is ending.

    Raises RunnerUnavailable if the directory cannot be used.
    """
    path = places.state_home / framework
    try:
        state_dir.prepare(path)
        descriptor = state_dir.held(path / state_dir.LEASE, alone=False)
    except OSError as error:
        raise _not_started(framework, path, error) from error
    return None if descriptor is None else Lease(descriptor)


def versions_here(places: Places) -> list[str]:
    """Return the names of the versions that have an environment here."""
    made = sorted(path.parents[1].name for path in places.environments.glob(_VERSIONED))
    return [each.removeprefix(".venv-") for each in made]


def with_job(job_id: str, framework: str, places: Places) -> str:
    """Return the name of the user's own runner that stores a job: of a version, or the usual."""
    for path in sorted(places.state_home.glob(f"{framework}-*/jobs/*")):
        name = path.parents[1].name
        if path.name == job_id and framework_of(name) == framework and version_of(name):
            return name
    return framework


def start(framework: str, places: Places, lazy: bool) -> LocalRunner | None:
    """Start a runner on a free port; return at once. None: another has the state directory.

    ``lazy``: it imports the framework with its first job, so as not to disturb another's trial.
    Raises RunnerUnavailable.
    """
    python = places.python(framework)
    if not python.exists():
        raise RunnerUnavailable(_no_python(framework, python, places))
    path = places.state_home / framework
    try:
        lock = state_dir.held(path / state_dir.LOCK, alone=True)
        if lock is None:
            return None
        try:
            process = _started(python, framework, path, lock, lazy)
        finally:
            os.close(lock)  # the runner also has it, from its first moment
    except OSError as error:
        raise _not_started(framework, path, error) from error
    return LocalRunner(framework, process, path)


def _started(
    python: Path, framework: str, path: Path, lock: int, lazy: bool
) -> subprocess.Popen[bytes]:
    os.truncate(lock, 0)
    (path / state_dir.ADDRESS).unlink(missing_ok=True)
    log = state_dir.opened(path / state_dir.LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    with os.fdopen(log, "wb"):
        return subprocess.Popen(
            [
                *(python, "-m", "services.server", "--framework", framework_of(framework)),
                *("--listen", "127.0.0.1:0", "--state-dir", path, "--lock-fd", str(lock)),
                *("--allow-code", "--until-stdin-closes", *(["--lazy"] if lazy else [])),
            ],
            env={**os.environ, "PYTHONSAFEPATH": "1"},  # imports nothing from the user's folder
            pass_fds=[lock],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,  # the orchestrator handles Ctrl-C
        )


def _no_python(name: str, python: Path, places: Places) -> Sentence:
    side = Side.named(name)
    if not side.version:
        optional = side.framework in FRAMEWORKS and not FRAMEWORKS[side.framework].usual
        phrase = _NO_OPTIONAL_PYTHON if optional else _NO_PYTHON
        return english(phrase, framework=name, python=python)
    names = {"name": name, "version": side.version, "python": python}
    variable = FRAMEWORKS[side.framework].version_variable
    known = ", ".join(versions_here(places)) or english(_NONE)
    return english(_NO_VERSION, **names, variable=variable, known=known)


def _not_started(framework: str, path: Path, error: OSError) -> RunnerUnavailable:
    return RunnerUnavailable(
        english(_NOT_STARTED, framework=framework, error=error, state_dir=path)
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return str(number)
