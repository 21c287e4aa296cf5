"""The process of a job's second or further device.

``python -m services.pytorch.devices.replica FD``: FD is its end of a pipe to the first device's
process (`messages` are what is sent), with which it ends.
"""

import hashlib
import mmap
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from multiprocessing import reduction
from multiprocessing.connection import Connection
from typing import assert_never

import numpy as np
import torch
from torch import distributed
from twinrun.contract.events import Failure

from services.data.arrays import Data
from services.errors import OutOfMemory, TrainerFailed, TwinrunError
from services.pytorch.devices import collectives
from services.pytorch.devices.messages import (
    READY,
    Advance,
    Begin,
    Command,
    Epoch,
    Failed,
    Join,
    Order,
)
from services.pytorch.matched import MatchedTrainer
from services.trial.trainer import Steps


def main() -> None:
    """Do as the first device's process says, and end with it."""
    connection = Connection(int(sys.argv[1]))
    os.set_inheritable(connection.fileno(), False)
    orders: queue.SimpleQueue[tuple[Order, mmap.mmap | None]] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(connection, orders), daemon=True).start()
    connection.send(READY)
    try:
        _follow(connection, orders)
    except BaseException as error:  # noqa: BLE001 - the one place where a fault becomes a report
        traceback.print_exc()
        connection.send(failed(error))
    os._exit(1)


def _receive(
    connection: Connection, orders: "queue.SimpleQueue[tuple[Order, mmap.mmap | None]]"
) -> None:
    try:
        while True:
            order = connection.recv()
            orders.put((order, _mapped(connection, order)))
    finally:
        os._exit(1)  # the first device's process has ended, even if this one waits for a sum


def _mapped(connection: Connection, order: Order) -> mmap.mmap | None:
    """Map the file that follows: in private, because PyTorch has no read-only tensors."""
    if not isinstance(order, Begin):
        return None
    descriptor = reduction.recv_handle(connection)
    try:
        return mmap.mmap(descriptor, order.size, flags=mmap.MAP_PRIVATE)
    finally:
        os.close(descriptor)


def _follow(
    connection: Connection, orders: "queue.SimpleQueue[tuple[Order, mmap.mmap | None]]"
) -> None:
    trainer: MatchedTrainer | None = None
    epoch: Iterator[Steps] = iter(())
    while True:
        order, file = orders.get()
        if isinstance(order, Join):
            collectives.join(order.place, order.devices, order.backend, order.meeting)
            continue
        if isinstance(order, Begin):
            given = order.spec, _data(order, file), order.weights, None, order.group
            trainer = MatchedTrainer(*given)
            continue
        if trainer is None:
            raise AssertionError(order)
        match order:
            case Epoch(number):
                epoch = trainer.train_epoch(number)
            case Advance(steps):
                trainer.advance(steps)
            case Command.WARM_UP:
                trainer.warm_up()
            case Command.CHUNK:
                next(epoch, None)
            case Command.DIGEST | Command.PEAK:
                connection.send(_ANSWERS[order](trainer))
            case _:
                assert_never(order)


def _data(order: Begin, file: mmap.mmap | None) -> Data:
    """Return the training samples, which all devices have; tests are the first device's."""
    if file is None:
        raise AssertionError(order)
    images, labels = (
        np.frombuffer(file, dtype, int(np.prod(shape)), offset).reshape(shape)
        for dtype, shape, offset in order.arrays.values()
    )
    return Data(images, labels, images[:1], labels[:1], None, None)


def digest(trainer: MatchedTrainer) -> str:
    """Return the SHA-256 of a trainer's arrays, hexadecimal."""
    found = hashlib.sha256()
    for array in MatchedTrainer.weights(trainer).values():
        found.update(array.tobytes())
    return found.hexdigest()


_ANSWERS: Mapping[Command, Callable[[MatchedTrainer], object]] = {
    Command.DIGEST: digest,
    Command.PEAK: lambda trainer: trainer.peak_device_memory_bytes(),
}


def failed(error: BaseException) -> Failed:
    """Return what is told of an error, with this device's number."""
    if isinstance(error, TwinrunError):
        return Failed(Failure(error.reason, error.message, error.metadata), lost=False)
    reason = TrainerFailed.reason
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in str(error):
        reason = OutOfMemory.reason
    what = f"Device {collectives.place()} of the job failed: {type(error).__name__}: {error}."
    return Failed(Failure(reason, what, {"type": type(error).__name__}), is_lost(error))


def is_lost(error: BaseException) -> bool:
    """Return whether an exchange failed, because another device's process has ended."""
    return isinstance(error, distributed.DistError) or (
        isinstance(error, RuntimeError) and ("gloo" in str(error) or "NCCL" in str(error))
    )


if __name__ == "__main__":
    main()
