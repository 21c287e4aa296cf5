"""Trials of one job, compared with each other: as many samples, and of like sides as many steps."""

import threading

from twinrun.v1 import job_pb2

from orchestrator.gate.fault import require
from orchestrator.language.phrases import Phrase, english
from orchestrator.trials.sides import HOW, Side, whole

Changes = tuple[tuple[str, str], ...]
_AS_ANOTHER = Phrase("{value}, as {framework} reported for the same job")
_SAMPLES = ("train_samples", "test_samples", "validation_samples")
_OF_CHANGES = ("steps_per_epoch", "parameter_count")  # which a side's changes may change


class Peers:
    """The first report is the reference for all, or for all that change the arithmetic alike.

    Thread-safe.
    """

    def __init__(self) -> None:
        self._first: dict[Changes, tuple[str, job_pb2.Inputs]] = {}
        self._taking = threading.Lock()

    def check(self, name: str, event: job_pb2.JobEvent) -> None:
        """Check an event of the side of that name. Raises Fault."""
        if not event.HasField("inputs"):
            return
        side = Side.named(name)
        changes = tuple(each for each in side.changes if whole(each[0]) not in HOW)
        with self._taking:
            own = self._first.setdefault(changes, (side.framework, event.inputs))
            first = next(iter(self._first.values()))
        for sizes, (other, found) in ((_SAMPLES, first), (_OF_CHANGES, own)):
            for size in sizes:
                due, actual = getattr(found, size), getattr(event.inputs, size)
                wanted = english(_AS_ANOTHER, value=due, framework=other)
                require(actual == due, f"inputs.{size}", actual, wanted)
