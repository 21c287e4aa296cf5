"""What is kept of every job, on disk and across restarts.

``<state>/jobs/<job id>/`` holds ``job.json`` (the Job), ``events.jsonl`` and the weights. What a
Job says of its state follows from its events; ``job.json`` spares reading all of them.
"""

import logging
import secrets
import shutil
from datetime import UTC, datetime
from pathlib import Path

from google.protobuf import json_format
from twinrun.v1 import job_pb2

from services import errors
from services.convert import error_to_status, event_to_proto
from services.event_log import EventLog
from services.events import Event, Failure, JobState, StateChanged
from services.files import write_whole

_log = logging.getLogger(__name__)
_STATES = {state: getattr(job_pb2, f"JOB_STATE_{state.name}") for state in JobState}
_ENDED = {_STATES[state] for state in JobState if state.ended}


class Record:
    """One job and its events. Not for several threads at once."""

    def __init__(self, job: job_pb2.Job, directory: Path) -> None:
        self.job = job
        self.directory = directory
        self._log: EventLog | None = None

    @property
    def log(self) -> EventLog:
        if self._log is None:
            self._log = EventLog(self.directory / "events.jsonl")
        return self._log

    @property
    def ended(self) -> bool:
        return self.job.state in _ENDED

    @property
    def state(self) -> str:
        """Its name as people read it: ``SUCCEEDED``."""
        return job_pb2.JobState.Name(self.job.state).removeprefix("JOB_STATE_")

    def append(self, event: Event) -> None:
        """Write an event, and the job where its state changed. Raises OSError."""
        message = event_to_proto(event)
        self.log.append(message)
        self.job.last_sequence = message.sequence
        if isinstance(event, StateChanged):
            self._follow(message)
            self._save()

    def end(self, error: errors.TwinrunError) -> None:
        """FAILED or CANCELLED by ``error``; so in memory even where the disk takes no more."""
        state = JobState.CANCELLED if error.code == "CANCELLED" else JobState.FAILED
        try:
            self.append(StateChanged(state, Failure(error.reason, error.message, error.metadata)))
        except OSError as fault:
            _log.warning("the end of job %s could not be written: %s", self.job.job_id, fault)
            self.job.state = _STATES[state]
            self.job.error.CopyFrom(error_to_status(error))

    def recover(self) -> None:
        """Take the state from the events; where they have no end, the runner's was the job's."""
        with self.log.reader(0) as reader:
            for message in reader.read():
                self.job.last_sequence = message.sequence
                if message.HasField("state_changed"):
                    self._follow(message)
        if self.ended:
            self._save()
            return
        self.end(
            errors.RunnerRestarted(
                "The runner ended while the job ran or waited, and was started again. What the job "
                "had reported is kept; submit it again to run it anew."
            )
        )

    def _follow(self, message: job_pb2.JobEvent) -> None:
        self.job.state = message.state_changed.state
        if message.state_changed.HasField("error"):
            self.job.error.CopyFrom(message.state_changed.error)
        if self.job.state == _STATES[JobState.RUNNING]:
            self.job.start_time.CopyFrom(message.event_time)
        elif self.ended:
            self.job.end_time.CopyFrom(message.event_time)

    def _save(self) -> None:
        text = json_format.MessageToJson(self.job, preserving_proto_field_name=True)
        write_whole(self.directory / "job.json", text.encode())


class Records:
    """All jobs, oldest first. Not for several threads at once."""

    def __init__(self, framework: str, directory: Path, keep: int) -> None:
        """Read what is there. ``keep``: how many ended jobs stay on disk. Raises OSError."""
        self._framework = framework
        self._directory = directory
        self._keep = keep
        directory.mkdir(parents=True, exist_ok=True)
        self._by_id = _load(directory)

    def create(self, kind: job_pb2.JobKind, request_id: str, spec: job_pb2.JobSpec) -> Record:
        """A new job, PENDING; the oldest ended ones beyond the limit go. Raises TwinrunError."""
        job = job_pb2.Job(request_id=request_id, kind=kind, spec=spec)
        job.create_time.GetCurrentTime()
        job.job_id = f"{self._framework}-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        record = Record(job, self._directory / job.job_id)
        try:
            record.directory.mkdir()
            record.append(StateChanged(JobState.PENDING))
        except OSError as error:
            shutil.rmtree(record.directory, ignore_errors=True)
            raise errors.disk_error(error, self._directory) from error
        self._by_id[job.job_id] = record
        ended = [job_id for job_id, known in self._by_id.items() if known.ended]
        for job_id in ended[: max(0, len(ended) - self._keep)]:
            shutil.rmtree(self._by_id.pop(job_id).directory, ignore_errors=True)
        return record

    def get(self, job_id: str) -> Record:
        """Raises JobNotFound."""
        try:
            return self._by_id[job_id]
        except KeyError:
            raise errors.JobNotFound(
                f"This {self._framework} runner has no job {job_id[:80]!r}.", job_id=job_id[:80]
            ) from None

    def by_request_id(self, request_id: str) -> Record | None:
        if not request_id:
            return None
        return next((r for r in self._by_id.values() if r.job.request_id == request_id), None)

    def page(self, size: int, before: str) -> tuple[list[Record], str]:
        """Newest first, from after the job ``before`` if given; and the next page's ``before``."""
        newest = list(reversed(self._by_id.values()))
        if before:
            newest = newest[newest.index(self.get(before)) + 1 :]
        page = newest[:size]
        return page, page[-1].job.job_id if len(newest) > size else ""


def _load(directory: Path) -> dict[str, Record]:
    records = []
    for found in directory.iterdir():
        try:
            text = (found / "job.json").read_bytes()
            records.append(Record(json_format.Parse(text, job_pb2.Job()), found))
        except (OSError, json_format.ParseError) as error:
            _log.warning("%s is not a job and is left alone: %s", found, error)
    records.sort(key=lambda record: record.job.create_time.ToNanoseconds())
    for record in records:
        if not record.ended:
            record.recover()
    return {record.job.job_id: record for record in records}
