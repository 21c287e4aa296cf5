"""A part of a job that several machines train: TensorFlow's collective operations between them.

`MirroredStrategy` adds up what the devices of a machine have, as for one machine; then each device
adds up with those of its number on the other machines. `MultiWorkerMirroredStrategy` does it by the
same operations, but has one device a machine where that is its CPU.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import context
from twinrun.contract.group import Group

from services.errors import PartLost

_LEADER = "/job:worker/replica:0/task:0"  # which brings the members of each sum together
_MOST = 2**20  # sums of one device in all graphs of a process: each has a number of its own
_UNTIL_THERE_SECONDS, _BETWEEN_SECONDS, _CHECK_MILLISECONDS = 0.1, 5, 60_000
_CHECKS = 3  # without an answer, one after another: the machine is gone
_DOWN = (
    tf.errors.UnavailableError,
    tf.errors.FailedPreconditionError,
    tf.errors.DeadlineExceededError,
)
_LOST = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError)

Total = Callable[[tf.Tensor], tf.Tensor]


def join(group: Group) -> None:
    """Become the part of this machine, before TensorFlow makes its devices."""
    cluster = tf.train.ClusterSpec({"worker": list(group.addresses)})
    own = context.context()
    own.configure_collective_ops(collective_leader=_LEADER)
    own.enable_collective_ops(
        tf.train.ServerDef(
            cluster=cluster.as_cluster_def(),
            default_session_config=own.config,
            job_name="worker",
            task_index=group.place,
            protocol="grpc",
        )
    )
    others = [f"/job:worker/replica:0/task:{n}" for n in range(group.machines) if n != group.place]
    for other in others:
        while not _answers(other):
            time.sleep(_UNTIL_THERE_SECONDS)
        threading.Thread(target=_watch, args=(other,), daemon=True).start()


def _watch(other: str) -> None:
    """End this process's sums once another machine, which was there, is gone.

    A sum fails by itself only while it asks that machine for something: it may as well wait for
    the machine to ask. `MultiWorkerMirroredStrategy` has such a thread too.
    """
    failed = 0
    while failed < _CHECKS:
        time.sleep(_BETWEEN_SECONDS)
        failed = 0 if _answers(other) else failed + 1
    context.context().abort_collective_ops(tf.errors.UNAVAILABLE, f"{other} does not answer")


def _answers(other: str) -> bool:
    try:
        context.context().check_collective_ops_peer_health(other, _CHECK_MILLISECONDS)
    except _DOWN:
        return False
    return True


def total(machines: int, device: int) -> Total:
    """Return what adds up over the machines what the device of this number has on each of them.

    The sum has a gradient: as each machine's loss depends on it, that is their sum. Every machine
    builds its graphs alike, so the sums that belong together have the same number.
    """
    numbers = itertools.count(device * _MOST)

    def summed(tensor: tf.Tensor) -> tf.Tensor:
        return tf.raw_ops.CollectiveReduceV2(
            input=tensor,
            group_size=machines,
            group_key=device + 1,
            instance_key=next(numbers),
            ordering_token=[],
            merge_op="Add",
            final_op="Id",
            communication_hint="auto",
        )

    @tf.custom_gradient  # type: ignore[untyped-decorator] # TensorFlow's
    def of_all(tensor: tf.Tensor) -> tuple[tf.Tensor, Any]:
        return summed(tensor), summed

    found: Total = of_all
    return found


@contextmanager
def explained(group: Group) -> Iterator[None]:
    """Raise PartLost where an exchange with another machine fails."""
    try:
        yield
    except _LOST as error:
        if group.machines > 1:
            raise PartLost(f"An exchange with another machine failed: {error}.") from error
        raise
