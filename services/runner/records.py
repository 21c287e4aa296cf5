"""The stored part of every job, on disk and across restarts.

``<state>/jobs/<job id>/`` has ``job.json`` (the Job), ``events.jsonl`` and the weights. A Job's
state follows from its events; ``job.json`` saves reading all of them.
"""

import contextlib
import itertools
import json
import logging
import os
import secrets
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from twinrun.contract.converters.events import event_to_proto
from twinrun.contract.converters.specs import current_job
from twinrun.contract.enums import JobState
from twinrun.contract.events import Event, Failure, StateChanged
from twinrun.contract.files import write_whole
from twinrun.contract.state_dir import make
from twinrun.contract.violation import Violation
from twinrun.v1 import job_pb2

from services import errors
from services.pipe import FILES_FOLDER, GIVEN_FILE
from services.runner.event_log import EventLog

_log = logging.getLogger(__name__)
# Reserved for a job's last event if the disk is full by then: more than the longest needs.
_RESERVE_BYTES = 2**16
_PAGE_BYTES = 2**20  # gRPC's clients accept messages of up to 4 MiB by default
_STATES = {state: getattr(job_pb2, f"JOB_STATE_{state.name}") for state in JobState}
_ENDED = {_STATES[state] for state in JobState if state.ended}


class Record:
    """One job and its events. Not thread-safe.

    An ended job is held as bytes: as a message, one of many layers takes ten times as much memory.
    """

    def __init__(self, job: job_pb2.Job, directory: Path) -> None:
        self.job_id = job.job_id
        self.request_id = job.request_id
        self.ended = False
        self.directory = directory
        self.unwritten: job_pb2.JobEvent | None = None  # the last one, if it could not be written
        self._log: EventLog | None = None
        self._job = job
        self._packed = b""
        self._pack_if_ended()

    @property
    def job(self) -> job_pb2.Job:
        """The job now; one that has ended is a copy."""
        return job_pb2.Job.FromString(self._packed) if self.ended else self._job

    @property
    def log(self) -> EventLog:
        if self._log is None:
            self._log = EventLog(self.directory / "events.jsonl")
        return self._log

    @property
    def size(self) -> int:
        """Bytes of the job as a message."""
        return len(self._packed) if self.ended else self._job.ByteSize()

    @property
    def state(self) -> str:
        """Its name as people read it: ``SUCCEEDED``."""
        return job_pb2.JobState.Name(self.job.state).removeprefix("JOB_STATE_")

    def create(self, weights: bytes | None = None) -> None:
        """Write the job, PENDING, and the ``weights`` that it is given. Raises OSError."""
        make(self.directory)
        if weights is not None:
            write_whole(self.given, weights)
        write_whole(self._reserve, os.urandom(_RESERVE_BYTES))  # which no disk can compress
        self._write(event_to_proto(StateChanged(JobState.PENDING)))
        self._save()

    def append(self, event: Event) -> None:
        """Write an event. Raises OSError."""
        message = event_to_proto(event)
        self._write(message)
        if message.HasField("state_changed"):
            self._try_to_save()

    def end(self, error: errors.TwinrunError) -> None:
        """End as FAILED or CANCELLED by ``error``; in memory even if the disk is full."""
        state = JobState.CANCELLED if error.reason.code == "CANCELLED" else JobState.FAILED
        failure = Failure(error.reason, error.message, error.metadata)
        message = event_to_proto(StateChanged(state, failure))
        try:
            self._write(message)
        except OSError as fault:
            _log.warning("the end of job %s could not be written: %s", self.job_id, fault)
            self.unwritten = message
            self._follow(message)
        self._try_to_save()

    def recover(self) -> None:
        """Take the state from the events; if they have no end, the job ended with its runner."""
        self.job.last_sequence = 0
        try:
            for message in self.log.reader(0).read():
                self._follow(message)
        except ValueError as error:  # as may happen at the end of a file after a power cut
            _log.warning(
                "job %s has no events after %d: %s",
                *(self.job_id, self.job.last_sequence, error),
            )
            self.log.cut(self.job.last_sequence)
        if self.ended:
            self._try_to_save()
            return
        self.end(
            errors.RunnerRestarted(
                "The runner ended while the job ran or waited, and was started again. What the job "
                "had reported is kept; submit it again to run it anew."
            )
        )

    @property
    def given(self) -> Path:
        """Where weights are that it is given, until it has ended."""
        return self.directory / GIVEN_FILE

    @property
    def _reserve(self) -> Path:
        return self.directory / "reserve"

    def _write(self, message: job_pb2.JobEvent) -> None:
        changed = message.HasField("state_changed")
        if changed and message.state_changed.state in _ENDED:
            for path in (self._reserve, self.given):
                with contextlib.suppress(OSError):
                    path.unlink()
            shutil.rmtree(self.directory / FILES_FOLDER, ignore_errors=True)
        self.log.append(message, durable=changed)
        self._follow(message)

    def _follow(self, message: job_pb2.JobEvent) -> None:
        job = self._job
        job.last_sequence = message.sequence
        if not message.HasField("state_changed"):
            return
        job.state = message.state_changed.state
        if message.state_changed.HasField("error"):
            job.error.CopyFrom(message.state_changed.error)
        if job.state == _STATES[JobState.RUNNING]:
            job.start_time.CopyFrom(message.event_time)
        elif job.state in _ENDED:
            job.end_time.CopyFrom(message.event_time)
            self._pack_if_ended()

    def _pack_if_ended(self) -> None:
        if self._job.state in _ENDED:
            self._packed, self._job, self.ended = self._job.SerializeToString(), job_pb2.Job(), True

    def _save(self) -> None:
        text = json_format.MessageToJson(self.job, preserving_proto_field_name=True)
        write_whole(self.directory / "job.json", text.encode())

    def _try_to_save(self) -> None:
        with contextlib.suppress(OSError):  # `recover` gets the state from the events
            self._save()


class Records:
    """All jobs, oldest first. Not thread-safe."""

    def __init__(self, framework: str, directory: Path, keep: int) -> None:
        """Read the stored jobs. ``keep``: how many ended jobs stay on disk. Raises OSError."""
        self._framework = framework
        self._directory = directory
        self._keep = keep
        if not directory.is_dir():
            make(directory)
        self._by_id = _load(directory)

    def create(
        self,
        kind: job_pb2.JobKind,
        request_id: str,
        spec: job_pb2.JobSpec,
        weights: bytes | None = None,
        *,
        by: str = "",
    ) -> Record:
        """Create a job, PENDING; remove the oldest ended ones beyond the limit.

        Raises TwinrunError.
        """
        job = job_pb2.Job(request_id=request_id, kind=kind, spec=spec, submitted_by=by)
        job.create_time.GetCurrentTime()
        job.job_id = f"{self._framework}-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        record = Record(job, self._directory / job.job_id)
        try:
            record.create(weights)
        except OSError as error:
            shutil.rmtree(record.directory, ignore_errors=True)
            raise errors.disk_error(error, self._directory) from error
        self._by_id[job.job_id] = record
        ended = [job_id for job_id, known in self._by_id.items() if known.ended]
        for job_id in ended[: max(0, len(ended) - self._keep)]:
            shutil.rmtree(self._by_id.pop(job_id).directory, ignore_errors=True)
        return record

    def get(self, job_id: str) -> Record:
        """Return the job's record. Raises JobNotFound."""
        try:
            return self._by_id[job_id]
        except KeyError:
            raise errors.JobNotFound(
                f"This {self._framework} runner has no job {job_id[:80]!r}.", job_id=job_id[:80]
            ) from None

    def by_request_id(self, request_id: str) -> Record | None:
        if not request_id:
            return None
        return next((r for r in self._by_id.values() if r.request_id == request_id), None)

    def page(self, size: int, before: str) -> tuple[list[Record], str]:
        """Return records, newest first, after the job ``before`` if given; and the next ``before``.

        A page of large jobs has fewer than ``size``.
        """
        newest = list(reversed(self._by_id.values()))
        if before:
            if before not in self._by_id:
                raise errors.InvalidRequest(
                    [
                        Violation(
                            "page_token",
                            f"is {before[:80]!a}, which is no page's here, or its jobs are gone; "
                            "begin again without one",
                        )
                    ]
                )
            newest = newest[newest.index(self._by_id[before]) + 1 :]
        sizes = itertools.accumulate(record.size for record in newest[:size])
        count = max(1, sum(total <= _PAGE_BYTES for total in sizes))
        page = newest[:count]
        return page, page[-1].job_id if len(newest) > count else ""


def _load(directory: Path) -> dict[str, Record]:
    records = []
    for path in directory.iterdir():
        try:
            kept: Any = current_job(json.loads((path / "job.json").read_bytes()))
            job = json_format.ParseDict(kept, job_pb2.Job())
            if job.job_id != path.name:
                raise ValueError(f"it holds the job {job.job_id!r}")  # noqa: TRY301 - as the rest
            records.append(Record(job, path))
        except (OSError, ValueError, TypeError, AttributeError, json_format.ParseError) as error:
            _log.warning("%s is not a job and is left alone: %s", path, error)
    records.sort(key=lambda record: record.job.create_time.ToNanoseconds())
    for record in records:
        if not record.ended:
            record.recover()
    return {record.job_id: record for record in records}
