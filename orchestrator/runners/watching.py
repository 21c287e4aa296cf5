"""Follows a job over connections that may break: the only stream of a runner."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import grpc
from twinrun.v1 import job_pb2, runner_service_pb2

from orchestrator.errors import RunnerUnavailable, WrongReport
from orchestrator.gate.report import Gate
from orchestrator.language.phrases import Phrase, english
from orchestrator.runners.wire import Wire

_LOST_MIDWAY = Phrase(
    "The {framework} runner at {address} disappeared in the middle of the job "
    "{job_id}. Its reports are kept; once it runs again, 'orchestrator watch "
    "{job_id}' shows how the job ended."
)
_FOUND_LOST = Phrase(
    "The {framework} runner at {address}, which was found and not started by this command, "
    "disappeared in the middle of the job {job_id}. Its reports are kept. Run the command again: "
    "it starts a runner if none is found."
)
_HANGS = Phrase(
    "The {framework} runner at {address} hangs: in the middle of the job {job_id} it "
    "sent nothing for {seconds:g} s, and did not answer when asked. Its reports are "
    "kept."
)
_NOT_IN_TIME = Phrase(
    "The {framework} runner at {address} did not end the job {job_id} in time; no "
    "longer waiting for it."
)
REATTACH_SECONDS = 10.0  # for a runner to come back in the middle of a job
_PAUSE_SECONDS = 0.5
# Of silence, without even a heartbeat, until a runner is asked whether it is alive. Long, since a
# machine may be overloaded.
_SILENT_SECONDS = 60.0
_CODES = grpc.StatusCode
_LOST = {_CODES.UNAVAILABLE, _CODES.DEADLINE_EXCEEDED, _CODES.UNKNOWN, _CODES.INTERNAL}


class _Silent(Exception):
    """A stream sent nothing for too long."""


@dataclass(slots=True)
class _Seen:
    """What is known about a watched stream: heartbeats, which an earlier runner does not send.

    ``silences``: consecutive ones; ``lost_since``: when its connection was lost, in monotonic
    seconds.
    """

    beats: bool = False
    silences: int = 0
    lost_since: float | None = None


class Watching:
    """The events of one job, through ``wire``."""

    def __init__(self, wire: Wire, job_id: str) -> None:
        self._wire = wire
        self._job_id = job_id
        self._seen = _Seen()

    def events(self, after: int, reattach_seconds: float) -> Iterator[job_pb2.JobEvent]:
        """Yield events to the job's end; reconnect within this time if the connection was lost.

        Raises RunnerUnavailable, WrongReport.
        """
        gate, seen = self._wire.gates.of(self._job_id, self._wire.job, after), self._seen
        while True:
            try:
                for event in self._admitted(gate):
                    if event.sequence > after:
                        yield event
            except _Silent as error:
                seen.silences += 1
                if (seen.beats and seen.silences > 1) or not self._answers():
                    raise self._lost(_HANGS, seconds=_SILENT_SECONDS) from error
            except grpc.RpcError as error:
                if error.code() not in _LOST:
                    self._wire.refuse(error, self._job_id)
                seen.lost_since = seen.lost_since or time.monotonic()
                if time.monotonic() - seen.lost_since >= reattach_seconds:
                    phrase = _FOUND_LOST if self._wire.found else _LOST_MIDWAY
                    raise self._lost(phrase) from error
                self._wire.pause(_PAUSE_SECONDS)
            else:
                return

    def _admitted(self, gate: Gate) -> Iterator[job_pb2.JobEvent]:
        """Yield the events of one connection, once they are admitted."""
        try:
            for event in self._stream(gate.sequence):
                self._seen.lost_since, self._seen.silences = None, 0
                if event.HasField("heartbeat"):
                    self._seen.beats = True
                else:
                    yield gate.admit(event)
            gate.end(self._wire.job(self._job_id))
        except WrongReport:
            self._wire.give_up(self._job_id)
            raise

    def _stream(self, after: int) -> Iterator[job_pb2.JobEvent]:
        """Yield the events of one connection. Raises _Silent, RpcError, RunnerUnavailable."""
        request = runner_service_pb2.WatchJobRequest(job_id=self._job_id, after_sequence=after)
        heard = time.monotonic()
        try:
            with self._wire.told():
                for event in self._wire.stub.WatchJob(request):
                    if self._wire.limit.left == 0:
                        raise self._lost(_NOT_IN_TIME)
                    if event is not None:
                        yield event
                        heard = time.monotonic()
                    elif time.monotonic() - heard >= _SILENT_SECONDS:
                        raise _Silent
        except grpc.RpcError as error:
            if self._wire.limit.left == 0:
                raise self._lost(_NOT_IN_TIME) from error
            raise

    def _answers(self) -> bool:
        try:
            self._wire.job(self._job_id)
        except RunnerUnavailable:
            return False
        return True

    def _lost(self, phrase: Phrase, **values: object) -> RunnerUnavailable:
        names = self._wire.names
        return RunnerUnavailable(english(phrase, **names, job_id=self._job_id, **values))
