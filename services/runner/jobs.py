"""The runner's queue with its single slot: submit, run, watch, cancel, stop."""

import contextlib
import logging
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from twinrun.contract.converters.specs import spec_to_proto
from twinrun.contract.enums import JobState, WeightsKind
from twinrun.contract.events import Environment, Event, StateChanged
from twinrun.contract.group import ALONE, Group
from twinrun.contract.spec import JobSpec
from twinrun.contract.violation import Violation
from twinrun.v1 import job_pb2

from services import errors
from services.pipe import LOGITS_FILE, Kind, ProcessUse, Task
from services.runner.records import Record, Records
from services.runner.worker import Run, Worker

_log = logging.getLogger(__name__)
_WATCH_POLL_SECONDS = 0.5  # until a watcher that has gone away is noticed
_WATCH_GATHER_SECONDS = 0.2  # by which a watcher's events may be delayed
_BEAT_SECONDS = 5.0  # of silence, until a watcher gets a heartbeat
_END_SECONDS = 10.0  # until a cancelled job must have ended
_SHARED_SECONDS = 60.0  # until an unused process that jobs share ends
_KINDS = {
    job_pb2.JOB_KIND_TRAIN: Kind.TRAIN,
    job_pb2.JOB_KIND_EVALUATE: Kind.EVALUATE,
    job_pb2.JOB_KIND_SUMMARIZE: Kind.SUMMARIZE,
    job_pb2.JOB_KIND_MEASURE: Kind.MEASURE,
    job_pb2.JOB_KIND_PREVIEW: Kind.PREVIEW,
    job_pb2.JOB_KIND_TRACE: Kind.TRACE,
}
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{0,64}")


class Jobs:
    """All methods may be called from any thread."""

    def __init__(self, records: Records, worker: Worker, data_dir: Path, backlog: int) -> None:
        """Create the queue. ``backlog``: how many jobs may wait."""
        self._records = records
        self._worker = worker
        self.data_dir = data_dir
        self._backlog = backlog
        self._changed = threading.Condition()
        self._pending: deque[tuple[Record, Task]] = deque()
        self._running: tuple[Record, Run] | None = None
        self._submitted = 0  # accepted jobs
        self._stopping = False

    def submit(
        self,
        kind: job_pb2.JobKind,
        request_id: str,
        spec: JobSpec,
        weights: bytes | None = None,
        *,
        process: ProcessUse = ProcessUse.OWN,
        by: str = "",
        limit_bytes: int = 0,
        group: Group = ALONE,
    ) -> job_pb2.Job:
        """Queue a job and return it; if the request id is known, return the job that it created.

        Raises InvalidRequest, RequestIdReused, RunnerBusy, RunnerStopping, DiskFull.
        """
        if not _REQUEST_ID.fullmatch(request_id):
            fault = f"is {request_id[:80]!a}; it takes up to 64 letters, digits, - and _"
            raise errors.InvalidRequest([Violation("request_id", fault)])
        with self._changed:
            known = self._records.by_request_id(request_id)
            if known is not None:
                if known.job.kind != kind or known.job.spec != spec_to_proto(spec):
                    raise errors.RequestIdReused(
                        f"The request id {request_id!r} made the job {known.job_id}, which has "
                        "another spec. Take a new id.",
                        job_id=known.job_id,
                    )
                return _copy(known)
            if self._stopping:
                raise errors.RunnerStopping("The runner is stopping; it takes no more jobs.")
            unfinished = len(self._pending) + (self._running is not None)
            if unfinished > self._backlog:
                raise errors.RunnerBusy(
                    f"The runner has {unfinished} jobs that run or wait, its limit; try again "
                    "when one has ended.",
                    unfinished=str(unfinished),
                )
            record = self._records.create(kind, request_id, spec_to_proto(spec), weights, by=by)
            given = None if weights is None else record.given
            where = self.data_dir, record.directory, _KINDS[kind]
            self._pending.append((record, Task(spec, *where, given, process, limit_bytes, group)))
            self._submitted += 1
            self._changed.notify_all()
            return _copy(record)

    def get(self, job_id: str) -> job_pb2.Job:
        """Return the job. Raises JobNotFound."""
        with self._changed:
            return _copy(self._records.get(job_id))

    def page(self, size: int, before: str) -> tuple[list[job_pb2.Job], str]:
        """Return a page, as `Records.page`."""
        with self._changed:
            records, following = self._records.page(size, before)
            return [_copy(record) for record in records], following

    def cancel(self, job_id: str) -> job_pb2.Job:
        """Cancel a waiting job at once, a running one within a second. Raises JobNotFound."""
        with self._changed:
            record = self._records.get(job_id)
            for waiting in self._pending:
                if waiting[0] is record:
                    self._pending.remove(waiting)
                    record.end(errors.Cancelled("The job was cancelled while it waited."))
                    self._changed.notify_all()
                    break
            if self._running is not None and self._running[0] is record:
                self._running[1].cancel(errors.Cancelled("The job was cancelled."))
            return _copy(record)

    def watch(
        self, job_id: str, after: int, watched: Callable[[], bool]
    ) -> Iterator[job_pb2.JobEvent]:
        """Yield events later than ``after``, until the job's last one or until nobody watches.

        Yields heartbeats while there are none. Raises JobNotFound.
        """
        with self._changed:
            record = self._records.get(job_id)
            log = record.log
        reader, sent, told_at = log.reader(after), after, time.monotonic()
        while watched():
            with self._changed:
                last, ended = log.last_sequence, record.ended
            for event in reader.read():
                yield event
                sent, told_at = event.sequence, time.monotonic()
            if time.monotonic() - told_at >= _BEAT_SECONDS:
                yield job_pb2.JobEvent(sequence=sent, heartbeat=job_pb2.Heartbeat())
                told_at = time.monotonic()
            if ended:
                if record.unwritten is not None and record.unwritten.sequence > after:
                    yield record.unwritten
                return
            with self._changed:
                if log.last_sequence == last and not record.ended:
                    self._changed.wait(_WATCH_POLL_SECONDS)
                # Sending several at once costs the trial's machine less than one by one.
                self._changed.wait_for(lambda: record.ended, _WATCH_GATHER_SECONDS)

    def weights(self, job_id: str, kind: WeightsKind) -> Path:
        """Return the path of a safetensors file. Raises JobNotFound, WeightsNotFound."""
        with self._changed:
            path = self._records.get(job_id).directory / f"{kind}.safetensors"
        if not path.exists():
            raise errors.WeightsNotFound(
                f"The job {job_id} has no {kind} weights: initial ones are there once it has "
                "started, final ones once it has trained.",
                job_id=job_id,
            )
        return path

    def logits(self, job_id: str) -> Path:
        """Return the path of a safetensors file. Raises JobNotFound, LogitsNotFound."""
        with self._changed:
            path = self._records.get(job_id).directory / LOGITS_FILE
        if not path.exists():
            raise errors.LogitsNotFound(
                f"The job {job_id} has no logits: they are there once it has succeeded.",
                job_id=job_id,
            )
        return path

    def prepare(self) -> Environment:
        """Prepare as `Worker.prepare`."""
        return self._worker.prepare()

    def wait_for_work(self) -> bool:
        """Wait and return whether a job waits; False when the runner stops."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._pending or self._stopping, _SHARED_SECONDS):
                self._worker.end_standby()
                self._changed.wait_for(lambda: self._pending or self._stopping)
            return bool(self._pending)

    def run(self) -> None:
        """Run one job after another until `stop`. For a thread of its own."""
        while self._run_next():
            pass
        self._worker.close()

    def _run_next(self) -> bool:
        """Run a job and return whether there was one; False when the runner stops."""
        with self._changed:
            if not self.wait_for_work():
                return False
            record, task = self._pending.popleft()
            try:
                run = self._worker.start(task)
            except (OSError, RuntimeError) as error:  # no process, or no thread to wait for it
                record.end(errors.TrainerFailed(f"No process could be started: {error}."))
                self._changed.notify_all()
                return True
            self._running = (record, run)
        failure = self._follow(record, run)
        with self._changed:
            if failure is not None:
                record.end(failure)
            self._running = None
            self._changed.notify_all()
        why = f": {record.job.error.message}" if failure is not None else ""
        _log.info("job %s: %s%s", record.job_id, record.state, why)
        return True

    def stop(self, grace_seconds: float) -> None:
        """Cancel waiting jobs, and the running one if it does not finish in the grace period."""
        with self._changed:
            self._stopping = True
            while self._pending:
                record, _ = self._pending.popleft()
                record.end(errors.RunnerStopped("The runner was stopped while the job waited."))
            self._changed.notify_all()
            if self._running is None:
                return
            record, run = self._running
            _log.info("stopping: job %s has %g s to finish", record.job_id, grace_seconds)
            if not self._changed.wait_for(self._is_free, grace_seconds):
                _log.warning("job %s did not finish in time: it is cancelled", record.job_id)
                run.cancel(
                    errors.RunnerStopped("The runner was stopped before the job could finish.")
                )
                self._changed.wait_for(self._is_free, _END_SECONDS)

    @property
    def idle(self) -> bool:
        """Whether no job runs or waits."""
        with self._changed:
            return self._is_free() and not self._pending

    def blobs(self) -> set[str]:
        """Return the names of the blobs that unfinished jobs need."""
        with self._changed:
            records = [record for record, _ in self._pending]
            if self._running is not None:
                records.append(self._running[0])
            specs = [record.job.spec for record in records]
            code = [each for s in specs for each in (s.code.files, s.code.initial, s.code.returned)]
            return {spec.dataset.arrays.sha256 for spec in specs} | {each.sha256 for each in code}

    def wait_until_idle(self, seconds: float) -> None:
        """Return once no job has run or waited for this long."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._is_free() and not self._pending)
                if not self._another_comes(seconds):
                    return

    def _another_comes(self, seconds: float) -> bool:
        """Return whether a job is submitted within that time; a fast one may already be gone."""
        before = self._submitted
        return self._changed.wait_for(lambda: self._submitted != before, seconds)

    def _is_free(self) -> bool:
        return self._running is None

    def _follow(self, record: Record, run: Run) -> errors.TwinrunError | None:
        """Record what the run reports; return why it did not succeed."""
        try:
            with contextlib.closing(run):  # no process of the job is left when its end is reported
                self._append(record, StateChanged(JobState.RUNNING))
                for event in run.events():
                    self._append(record, event)
            self._worker.leave(run)
            self._append(record, StateChanged(JobState.SUCCEEDED))
        except errors.TwinrunError as error:
            return error
        except OSError as error:
            return errors.disk_error(error, record.directory)
        except Exception as error:  # noqa: BLE001 - the next job must run all the same
            _log.exception("job %s", record.job_id)
            return errors.TrainerFailed(f"The runner failed: {error!r}.")
        return None

    def _append(self, record: Record, event: Event) -> None:
        with self._changed:
            record.append(event)
            self._changed.notify_all()


def _copy(record: Record) -> job_pb2.Job:
    copy = job_pb2.Job()
    copy.CopyFrom(record.job)
    return copy
