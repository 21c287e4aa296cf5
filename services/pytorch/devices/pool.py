"""The processes of a job's further devices, which the first device's process starts and ends."""

import mmap
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing import Pipe, connection, reduction
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import distributed
from twinrun.contract.group import ALONE, Group
from twinrun.contract.spec import JobSpec

from services import errors
from services.model.weights import Weights
from services.pytorch.devices import collectives
from services.pytorch.devices.messages import READY, Begin, Command, Failed, Join, Order
from services.pytorch.devices.replica import is_lost

_REPLICA = "services.pytorch.devices.replica"
_ALIGNMENT = 64  # bytes
_REPORT_SECONDS = 5.0  # until a process that has ended is known to have


class Pool:
    """Processes that have joined this one. The jobs of one process use the same, one by one.

    ``devices``: of the job, of which each machine of ``group`` has as many.
    """

    def __init__(self, devices: int, backend: str, group: Group = ALONE) -> None:
        self.size = devices, backend, group
        self._group, own = group, devices // group.machines
        self._first = group.place * own
        self._processes: list[subprocess.Popen[bytes]] = []
        self._connections: list[Connection] = []
        for _ in range(own - 1):
            ours, theirs = Pipe()
            with theirs:
                self._processes.append(
                    subprocess.Popen(
                        [sys.executable, "-m", _REPLICA, str(theirs.fileno())],
                        pass_fds=[theirs.fileno()],
                        stdin=subprocess.DEVNULL,
                    )
                )
            self._connections.append(ours)
        with self.explained(), tempfile.TemporaryDirectory() as folder:
            for each in self._connections:
                if (found := each.recv()) != READY:
                    raise AssertionError(found)
            meeting = Path(folder) / "meeting" if group.machines == 1 else group
            for place, each in enumerate(self._connections, self._first + 1):
                each.send(Join(place, devices, backend, meeting))
            collectives.join(self._first, devices, backend, meeting)

    @property
    def alive(self) -> bool:
        return all(process.poll() is None for process in self._processes)

    def send(self, order: Order) -> None:
        """Give every device's process the order. Raises as `explained`."""
        with self.explained():
            for each in self._connections:
                each.send(order)

    def begin(
        self, spec: JobSpec, weights: Weights | None, arrays: Mapping[str, NDArray[Any]]
    ) -> None:
        """Have every device make a trainer for the ``arrays``, which all share in memory."""
        places, size = {}, 0
        for name, array in arrays.items():
            places[name] = array.dtype.str, array.shape, size
            size += -(-array.nbytes // _ALIGNMENT) * _ALIGNMENT
        descriptor = os.memfd_create("twinrun")
        try:
            os.ftruncate(descriptor, size)
            with mmap.mmap(descriptor, size) as file:
                for name, array in arrays.items():
                    dtype, shape, offset = places[name]
                    held = np.frombuffer(file, dtype, array.size, offset).reshape(shape)
                    held[...] = array
                    del held
            with self.explained():
                for process, each in zip(self._processes, self._connections, strict=True):
                    each.send(Begin(spec, self._group, weights, places, size))
                    reduction.send_handle(each, descriptor, process.pid)
        finally:
            os.close(descriptor)

    def digests(self) -> list[str]:
        """Return that of each device after the first."""
        return self._answers(Command.DIGEST)

    def peaks(self) -> list[int]:
        """Return the allocator's peak of each device after the first, in bytes."""
        return self._answers(Command.PEAK)

    def _answers(self, command: Command) -> list[Any]:
        self.send(command)
        with self.explained():
            found = [each.recv() for each in self._connections]
            if failed := [each for each in found if isinstance(each, Failed)]:
                raise _again(failed[0])
        return found

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Raise what ended another device's process, where an exchange with it fails.

        Raises PartLost if it was on another machine, which knows more.
        """
        try:
            yield
        except errors.TwinrunError:
            raise
        except Exception as error:
            lost = is_lost(error)
            cause = self._cause() if lost or isinstance(error, OSError | EOFError) else None
            if cause is None and lost and self._group.machines > 1:
                cause = errors.PartLost(f"An exchange with another machine failed: {error}.")
            if cause is None:
                raise
            raise cause from error

    def close(self) -> None:
        """End the processes, and leave the group."""
        for each in self._connections:
            each.close()
        for process in self._processes:
            process.kill()
            process.wait()
        if distributed.is_initialized():
            distributed.destroy_process_group()

    def _cause(self) -> errors.TwinrunError | None:
        """Return what the first device to fail has told, or how its process has ended."""
        told: dict[int, Failed] = {}
        waiting = dict(enumerate(self._connections, 1))
        ended: list[int] = []
        until = time.monotonic() + _REPORT_SECONDS
        while waiting and (rest := until - time.monotonic()) > 0:
            ready = connection.wait(list(waiting.values()), rest)
            for place in [place for place, each in waiting.items() if each in ready]:
                try:
                    found = waiting[place].recv()
                except (EOFError, OSError):
                    del waiting[place]
                    ended += [] if place in told else [place]
                    continue
                if isinstance(found, Failed):
                    told[place] = found
            if ended or any(not each.lost for each in told.values()):
                break
        own = [each for each in told.values() if not each.lost]
        if own:
            return _again(own[0])
        return self._death(ended[0]) if ended else None

    def _death(self, place: int) -> errors.TwinrunError:
        process = self._processes[place - 1]
        with suppress(subprocess.TimeoutExpired):
            process.wait(_REPORT_SECONDS)
        code = process.returncode
        how = f"ended with exit code {code}"
        if code is not None and code < 0:
            how = f"was killed by signal {-code} ({signal.Signals(-code).name})"
            if -code == signal.SIGKILL:
                how += ", as the kernel does where memory runs out"
        number = self._first + place
        return errors.ChildDied(f"The process of the job's device {number} {how}.")


def _again(failed: Failed) -> errors.TwinrunError:
    told = failed.failure
    return errors.again(told.reason, told.message, told.metadata)


_pools: list[Pool] = []  # this process's one, at most


def of(spec: JobSpec, group: Group = ALONE) -> Pool:
    """Return the processes for the job, which may have done another one."""
    wanted = spec.devices, collectives.backend(spec), group
    if _pools and (_pools[0].size != wanted or not _pools[0].alive):
        close()
    if not _pools:
        _pools.append(Pool(*wanted))
    return _pools[0]


def close() -> None:
    """End the processes, if there are any."""
    while _pools:
        _pools.pop().close()
