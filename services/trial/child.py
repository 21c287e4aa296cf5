"""The process of a trial: imports a framework, waits for its task, reports, ends.

If several trials share a process, it waits for the next one instead, and keeps the data.

``python -m services.trial.child FD MODULE STARTED_AT``: FD is the child's end of a duplex pipe
(`services.pipe` defines its messages); STARTED_AT is the monotonic clock's seconds at the spawn.
"""

import functools
import importlib
import os
import queue
import signal
import sys
import threading
import time
import traceback
from multiprocessing.connection import Connection
from typing import Any, NoReturn, assert_never

from twinrun.contract.enums import Phase
from twinrun.contract.events import Environment, Failure, PhaseFinished

from services import errors
from services.data import datasets
from services.data.kept import Kept
from services.frameworks import FRAMEWORKS
from services.pipe import Finished, Kind, ProcessUse, Ready, Report, Task
from services.trial import code, preview, trace
from services.trial.run import run


class _Sender:
    """Sends from a thread of its own, so that training never waits for a watcher."""

    def __init__(self, connection: Connection) -> None:
        self._reports: queue.SimpleQueue[Report | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._send, args=(connection,), daemon=True)
        self._thread.start()

    def send(self, report: Report) -> None:
        self._reports.put(report)

    def close(self) -> None:
        """Return once everything has been sent."""
        self._reports.put(None)
        self._thread.join()

    def _send(self, connection: Connection) -> None:
        while (report := self._reports.get()) is not None:
            try:
                connection.send(report)
            except OSError:  # the runner is gone, so nobody needs the rest
                _end_all()
            except Exception as error:  # noqa: BLE001 - a report that cannot be sent
                connection.send(_failure(error))


class _Receiver:
    """Waits for the task, and then for the end of the runner, which also ends this process."""

    def __init__(self, connection: Connection) -> None:
        self._tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        threading.Thread(target=self._receive, args=(connection,), daemon=True).start()

    def task(self) -> Task:
        """Return the next task once it has arrived."""
        return self._tasks.get()

    def _receive(self, connection: Connection) -> None:
        try:
            while True:  # ends with the runner
                self._tasks.put(connection.recv())
        finally:
            _end_all()


def _end_all() -> NoReturn:
    """End this process, which leads its process group, and everything that it has started."""
    os.killpg(os.getpid(), signal.SIGKILL)
    raise AssertionError


def main() -> None:
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")  # so that CUDA counts as NVML does
    descriptor, module, started_at = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    os.set_inheritable(descriptor, False)
    connection = Connection(descriptor)
    sender, receiver = _Sender(connection), _Receiver(connection)
    try:
        _serve(module, started_at, sender, receiver)
    except BaseException as error:  # noqa: BLE001 - the one place where a fault becomes a report
        traceback.print_exc()
        sender.send(_failure(error))
    sender.close()
    # Frameworks' own exit handlers can hang or crash, and everything important has been sent.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _serve(module_name: str, started_at: float, sender: _Sender, receiver: _Receiver) -> None:
    module, environment = _imported(module_name)
    # From the start of the process: starting the interpreter is part of starting a framework.
    imported = PhaseFinished(Phase.IMPORT, time.monotonic() - started_at, time.process_time())
    sender.send(Ready(environment))
    framework = module_name.rpartition(".")[2]
    kept = Kept()
    while True:
        task = receiver.task()
        sender.send(imported)
        build = code.builder(task, framework)
        if build is None and task.spec.code is not None:  # the other framework's model is code
            build = functools.partial(module.of_layers, task.spec)
        given = {"build": build} if build else {}  # a job of layers asks for nothing of it
        part = {"group": task.group} if task.group.machines > 1 else {}
        make_trainer = functools.partial(module.Trainer, **given, **part)
        match task.kind:
            case Kind.MEASURE:
                sender.send(module.measure(task.spec))
            case Kind.SUMMARIZE:
                sender.send(module.summarize(task.spec, **given))
            case Kind.PREVIEW:
                preview.run(task, make_trainer, sender.send)
            case Kind.TRACE:
                trace.run(task, build, module.trace, sender.send)
            case Kind.TRAIN | Kind.EVALUATE:
                load = kept.load if task.shares_process else datasets.load
                run(task, make_trainer, sender.send, load)
            case _:
                assert_never(task.kind)
        if part:
            module.leave()
        sender.send(Finished())
        if task.process is not ProcessUse.SHARED:
            return


def _imported(module_name: str) -> tuple[Any, Environment]:
    """Import a framework's module, and return it with its environment. Raises ImportFailed."""
    try:
        module = importlib.import_module(module_name)
        return module, module.environment()
    except Exception as error:
        raise errors.ImportFailed(
            f"{module_name} could not be imported: {type(error).__name__}: {error}."
        ) from error


def _failure(error: BaseException) -> Failure:
    if isinstance(error, errors.TwinrunError):
        return Failure(error.reason, error.message, error.metadata)
    named: dict[str, Any] = {"type": type(error).__name__}
    text = f"{type(error).__name__}: {error}"
    if _is_out_of_memory(error):
        return Failure(errors.OutOfMemory.reason, f"Memory ran out: {text.rstrip('.')}.", named)
    return Failure(errors.TrainerFailed.reason, f"The trainer failed: {text}.", named)


def _is_out_of_memory(error: BaseException) -> bool:
    """Recognise the error by its name or text, because no framework may be imported here."""
    named = type(error).__name__
    return isinstance(error, MemoryError) or any(
        said == named or said in str(error)
        for each in FRAMEWORKS.values()
        for said in each.out_of_memory
    )


if __name__ == "__main__":
    main()
