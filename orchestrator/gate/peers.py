"""Trials of one job, compared with each other: all have as many samples and steps."""

import threading

from twinrun.v1 import job_pb2

from orchestrator.gate.fault import require
from orchestrator.language.phrases import Phrase, english

_AS_ANOTHER = Phrase("{value}, as {framework} reported for the same job")
_SIZES = ("train_samples", "test_samples", "validation_samples", "steps_per_epoch")


class Peers:
    """The first report is the reference for all. Thread-safe."""

    def __init__(self) -> None:
        self._first: tuple[str, job_pb2.Inputs] | None = None
        self._taking = threading.Lock()

    def check(self, framework: str, event: job_pb2.JobEvent) -> None:
        """Check an event. Raises Fault."""
        if not event.HasField("inputs"):
            return
        with self._taking:
            other, first = self._first = self._first or (framework, event.inputs)
        for name in (*_SIZES, "parameter_count"):
            due, actual = getattr(first, name), getattr(event.inputs, name)
            wanted = english(_AS_ANOTHER, value=due, framework=other)
            require(actual == due, f"inputs.{name}", actual, wanted)
