"""The process of one trial: imports a framework, waits for its task, reports, ends.

``python -m services.child FD MODULE``: FD is the child's end of a duplex pipe; `services.pipe`
says what goes through it.
"""

import importlib
import os
import queue
import sys
import threading
import time
import traceback
from multiprocessing.connection import Connection
from typing import Any

from services import errors
from services.events import Failure, Phase, PhaseFinished
from services.pipe import Finished, Ready, Report, Task
from services.trial import run


class _Sender:
    """Sends from a thread of its own, so that training never waits for whoever watches."""

    def __init__(self, connection: Connection) -> None:
        self._reports: queue.SimpleQueue[Report | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._send, args=(connection,), daemon=True)
        self._thread.start()

    def send(self, report: Report) -> None:
        self._reports.put(report)

    def close(self) -> None:
        """Return when all is sent."""
        self._reports.put(None)
        self._thread.join()

    def _send(self, connection: Connection) -> None:
        while (report := self._reports.get()) is not None:
            try:
                connection.send(report)
            except OSError:  # the runner is gone, so nobody wants the rest
                os._exit(1)


def main() -> None:
    descriptor, module = int(sys.argv[1]), sys.argv[2]
    os.set_inheritable(descriptor, False)
    connection = Connection(descriptor)
    sender = _Sender(connection)
    try:
        _serve(connection, module, sender)
    except Exception as error:  # noqa: BLE001 - the one place where a fault becomes a report
        traceback.print_exc()
        sender.send(_failure(error))
    sender.close()
    # Frameworks' own exit handlers can hang or crash, and all that matters has been sent.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _serve(connection: Connection, module_name: str, sender: _Sender) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        module = importlib.import_module(module_name)
        environment = module.environment()
    except Exception as error:
        raise errors.ImportFailed(
            f"{module_name} could not be imported: {type(error).__name__}: {error}."
        ) from error
    imported = PhaseFinished(Phase.IMPORT, time.perf_counter() - wall, time.process_time() - cpu)
    sender.send(Ready(environment))
    try:
        task: Task = connection.recv()
    except EOFError:
        return  # the runner ended before there was a job
    threading.Thread(target=_end_with_runner, args=(connection,), daemon=True).start()
    sender.send(imported)
    run(task, module.Trainer, sender.send)
    sender.send(Finished())


def _end_with_runner(connection: Connection) -> None:
    """The runner sends nothing after the task, so that reading ends when it does."""
    try:
        connection.recv()
    except (EOFError, OSError):
        os._exit(1)


def _failure(error: Exception) -> Failure:
    if isinstance(error, errors.TwinrunError):
        return Failure(error.reason, error.message, error.metadata)
    named: dict[str, Any] = {"type": type(error).__name__}
    text = f"{type(error).__name__}: {error}"
    if _is_out_of_memory(error):
        return Failure(errors.OutOfMemory.reason, f"Memory ran out: {text}.", named)
    return Failure(errors.TrainerFailed.reason, f"The trainer failed: {text}.", named)


def _is_out_of_memory(error: Exception) -> bool:
    """By name, since no framework may be imported here."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ in ("OutOfMemoryError", "ResourceExhaustedError")
        or "can't allocate memory" in str(error)  # PyTorch on a CPU
    )


if __name__ == "__main__":
    main()
