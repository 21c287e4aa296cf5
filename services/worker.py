"""Spawns the process of a trial and yields what it reports, to the last event before its death."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from services import errors
from services.events import Environment, Event, Failure
from services.pipe import Finished, Ready, Report, Task

_STDERR_LINES = 20
_STDERR_BYTES = 16_384
_EXIT_SECONDS = 5.0  # for a child that has reported its end to be gone
_CGROUP_EVENTS = Path("/sys/fs/cgroup/memory.events")


class Worker:
    """Starts each task in a fresh process; one that has imported the framework may stand by."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._standby: _Child | None = None

    def prepare(self) -> Environment:
        """Have a child stand by with the framework imported. Raises ImportFailed, ChildDied."""
        self._standby = _Child(self._module)
        return self._standby.ready()

    def start(self, task: Task) -> "Run":
        """Take the child that stands by, or a new one. Raises OSError where none can be started."""
        child, self._standby = self._standby, None
        if child is None or not child.alive:
            child = _Child(self._module)
        return Run(child, task)

    def close(self) -> None:
        """End the child that stands by."""
        if self._standby is not None:
            self._standby.kill()


class Run:
    """One task in its process. `cancel` may come from any thread, `events` be called once."""

    def __init__(self, child: "_Child", task: Task) -> None:
        self._child = child
        self._task = task
        self._cancelled = False

    def cancel(self) -> None:
        """End the process; `events` then raises Cancelled, unless the task was done."""
        self._cancelled = True
        self._child.kill()

    def events(self) -> Iterator[Event]:
        """What the task reports until it is done. Raises the TwinrunError that ended it."""
        oom_kills = _oom_kills()
        try:
            yield from self._child.run(self._task)
        except errors.ChildDied as death:
            if self._cancelled:
                raise errors.Cancelled("The job was cancelled.") from death
            if _oom_kills() > oom_kills:
                raise errors.OutOfMemory(
                    "The kernel killed the job's process because memory ran out. Give the runner "
                    "more memory, or take a smaller batch size or limit.",
                    **death.metadata,
                ) from death
            raise
        finally:
            self._child.kill()


class _Child:
    def __init__(self, module: str) -> None:
        self._connection, theirs = Pipe()
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        # A process group of its own, so that its own workers can be ended with it.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "services.child", str(theirs.fileno()), module],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=self._stderr,
            stderr=self._stderr,
            start_new_session=True,
        )
        theirs.close()
        # Its workers may outlive it and hold its end of the pipe, which would never end then.
        self._reaper = threading.Thread(target=self._reap, daemon=True)
        self._reaper.start()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ready(self) -> Environment:
        """Wait for the import."""
        report = _receive(self._connection)
        match report:
            case Ready(environment):
                return environment
            case Failure():
                raise _error(report)
        raise self._death()

    def run(self, task: Task) -> Iterator[Event]:
        """Send the task and yield its events; it may still be importing."""
        try:
            self._connection.send(task)
        except OSError as error:
            raise self._death() from error
        while True:
            report = _receive(self._connection)
            match report:
                case None:
                    raise self._death()
                case Ready():
                    continue
                case Finished():
                    return
                case Failure():
                    raise _error(report)
                case _:
                    yield report

    def kill(self) -> None:
        """End the child and all that it started. Nothing happens where it has ended."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _reap(self) -> None:
        # Its id stays taken until it is reaped, so that the group killed is surely its own.
        os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        self.kill()
        self._process.wait()

    def _death(self) -> errors.TwinrunError:
        """Why the child ended without a word: its exit code or signal, and its last lines."""
        try:
            code = self._process.wait(_EXIT_SECONDS)
        except subprocess.TimeoutExpired:  # it closed its pipe and lives on
            self.kill()
            code = self._process.wait()
        lines = self._last_lines()
        metadata = {"stderr": "\n".join(lines)}
        if code < 0:
            name = signal.Signals(-code).name
            metadata["signal"] = name
            what = f"was killed by signal {-code} ({name})"
            if -code == signal.SIGKILL:
                what += ", as the kernel does where memory runs out"
        else:
            metadata["exit_code"] = str(code)
            what = f"ended with exit code {code} before its job was done"
        last = f" Its last line was: {lines[-1]}" if lines else " It wrote nothing to stderr."
        return errors.ChildDied(f"The job's process {what}.{last}", **metadata)

    def _last_lines(self) -> list[str]:
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, size - _STDERR_BYTES))
        return self._stderr.read().decode(errors="replace").splitlines()[-_STDERR_LINES:]


def _receive(connection: Connection) -> Report | None:
    """The next report; None once the child's end is closed, be it in the middle of one."""
    try:
        report: Report = connection.recv()
    except (EOFError, OSError):
        return None
    return report


def _error(failure: Failure) -> errors.TwinrunError:
    """The error that a child reported."""
    cls = errors.by_reason().get(failure.reason, errors.TrainerFailed)
    return cls(failure.message, **failure.metadata)


def _oom_kills() -> int:
    """Processes of this control group that the kernel has killed for memory; 0 where not known."""
    try:
        lines = _CGROUP_EVENTS.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
