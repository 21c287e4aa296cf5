"""Spawns the process of a trial and yields its reports, up to the last event before its death."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from twinrun.contract.events import Environment, Event, Failure

from services import errors
from services.pipe import Finished, ProcessUse, Ready, Report, Task
from services.runner.memory_limit import watched

_CHILD = "services.trial.child"
_STDERR_LINES = 20
_STDERR_BYTES = 16_384
_EXIT_SECONDS = 5.0  # until a child that has reported its end must be gone
_ORPHAN_POLLS, _ORPHAN_SECONDS = 30, 0.01  # until the processes that a dead child left are gone
_CGROUPS = Path("/sys/fs/cgroup")
_UNFORESEEN = (errors.TrainerFailed, errors.ImportFailed)  # whose traceback is useful


class Worker:
    """Starts each task in a fresh process; one that has imported the framework may stand by."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._standby: _Child | None = None
        self._closed = False

    def prepare(self) -> Environment:
        """Have a child stand by with the framework imported. Raises ImportFailed, ChildDied."""
        child = self._standby = _Child(self._module)
        if self._closed:
            child.kill()
        try:
            return child.ready()
        except BaseException:
            self._standby = None
            child.close()
            raise

    def start(self, task: Task) -> "Run":
        """Use the child that stands by, or a new one.

        Raises OSError or RuntimeError if none can be started.
        """
        child, self._standby = self._standby, None
        if child is not None and not (child.waits and child.takes(task)):
            child.close()
            child = None
        return Run(child or _Child(self._module), task)

    def leave(self, run: "Run") -> None:
        """Keep the child of a successful run on standby, if its task requests it."""
        if (child := run.left()) is not None:
            self._standby = child
            if self._closed:
                child.kill()

    def end_standby(self) -> None:
        """End a child that a job has left, and return when it is gone."""
        if self._standby is not None and self._standby.task is not None:
            child, self._standby = self._standby, None
            child.close()

    def close(self) -> None:
        """End the child that stands by, even during its import. Callable from any thread."""
        self._closed = True
        if (child := self._standby) is not None:
            child.kill()


class Run:
    """One task in its process.

    `cancel` may be called from any thread; `close` ends what is left.
    """

    def __init__(self, child: "_Child", task: Task) -> None:
        self._child = child
        self._task = task
        self._cancelled: errors.TwinrunError | None = None
        self._done = False

    def cancel(self, why: errors.TwinrunError) -> None:
        """End the process; `events` then raises the first ``why``, unless the task was done."""
        self._cancelled = self._cancelled or why
        self._child.kill()

    def close(self) -> None:
        """End the process, unless it is left for other tasks, and everything that it started.

        Return when it is gone.
        """
        if self.left() is None:
            self._child.close()

    def left(self) -> "_Child | None":
        """Return the process if the task is done and leaves it for other tasks."""
        shared = self._task.process is ProcessUse.SHARED
        return self._child if self._done and shared and self._cancelled is None else None

    def events(self) -> Iterator[Event]:
        """Yield the task's reports until it is done. Raises the TwinrunError that ended it.

        Call it only once.
        """
        oom_kills = _oom_kills()
        try:
            with watched(self._child.pid, self._task.memory_limit_bytes, self.cancel):
                yield from self._child.run(self._task)
                self._done = True
        except errors.ChildDied as death:
            if self._cancelled is not None:
                raise self._cancelled from death
            if _oom_kills() > oom_kills:
                raise errors.OutOfMemory(
                    "The kernel killed the job's process because memory ran out. Give the runner "
                    "more memory, or take a smaller batch size or limit.",
                    **death.metadata,
                ) from death
            raise


class _Child:
    def __init__(self, module: str) -> None:
        self.task: Task | None = None  # the latest one
        self._connection, theirs = Pipe()
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        # In a process group of its own, so that its workers can be ended with it.
        started_at = str(time.monotonic())  # the same clock in every process of a machine
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", _CHILD, str(theirs.fileno()), module, started_at],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self._stderr,
                stderr=self._stderr,
                start_new_session=True,
            )
        # Its workers may outlive it and hold its end of the pipe, which would then never close.
        self._reaper = threading.Thread(target=self._reap, daemon=True)
        self._reaper.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def waits(self) -> bool:
        """Whether it is alive: it sends nothing before its task, but a dead child's pipe ends."""
        return not self._connection.poll()

    def takes(self, task: Task) -> bool:
        """Return whether the task may run here: if no other has, or one that it shares with."""
        return self.task is None or task.fits(self.task)

    def ready(self) -> Environment:
        """Wait for the import."""
        report = _receive(self._connection)
        match report:
            case Ready(environment):
                return environment
            case Failure():
                raise self._error(report)
            case _:
                raise self._death()

    def run(self, task: Task) -> Iterator[Event]:
        """Send the task and yield its events; it may still be importing."""
        self.task = task
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
                    raise self._error(report)
                case _:
                    yield report

    def kill(self) -> None:
        """End the child and everything that it started. Nothing happens if it has already ended."""
        if self._process.returncode is None:
            self._kill_group()

    def close(self) -> None:
        """Kill as `kill` does; return when it is done, and release the pipe."""
        self.kill()
        self._reaper.join()
        self._connection.close()
        self._stderr.close()

    def _reap(self) -> None:
        self._process.wait()
        # No new process gets the group's id while any of the group remains.
        for _ in range(_ORPHAN_POLLS):
            if not self._kill_group():
                return
            time.sleep(_ORPHAN_SECONDS)

    def _kill_group(self) -> bool:
        """Return whether anything is left of the group."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # macOS: it has already ended
            return False
        return True

    def _error(self, failure: Failure) -> errors.TwinrunError:
        """Return the error that the child reported."""
        error = errors.again(failure.reason, failure.message, failure.metadata)
        if isinstance(error, _UNFORESEEN):
            error.metadata["stderr"] = "\n".join(self._last_lines())
        return error

    def _death(self) -> errors.TwinrunError:
        """Explain why the child ended silently: its exit code or signal, and its last lines."""
        self._reaper.join(_EXIT_SECONDS)
        if self._reaper.is_alive():  # it closed its pipe but is still alive
            self.kill()
            self._reaper.join()
        code = self._process.returncode
        lines = self._last_lines()
        metadata = {"stderr": "\n".join(lines)}
        if code < 0:
            name = _signal_name(-code)
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
    """Return the next report; None once the child's end is closed, even in the middle of one."""
    try:
        report: Report = connection.recv()
    except (EOFError, OSError):
        return None
    return report


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return str(number)


def _oom_kills() -> int:
    """Return how often the kernel killed processes of this cgroup for memory; 0 if not known."""
    try:
        group = Path("/proc/self/cgroup").read_text().rpartition("::")[2].strip()
        lines = (_CGROUPS / group.lstrip("/") / "memory.events").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
