"""The queue with its one slot, on a worker whose tasks do what a test tells them."""

import contextlib
import random
import threading
import time
from pathlib import Path

import pytest
from google.rpc import error_details_pb2
from twinrun.v1 import job_pb2

from services import errors
from services.events import Phase, PhaseStarted
from services.jobs import Jobs
from services.records import Records
from services.spec import Dataset, Dense, Flatten, JobSpec, Optimizer, Sgd


class FakeRun:
    """Reports a few events and ends, unless its seed says otherwise."""

    def __init__(self, task):
        self.seed = task.spec.seed
        self.closed = False
        self.cancelled = threading.Event()
        self.why = None

    def events(self):
        for phase in Phase:
            yield PhaseStarted(phase)
        match self.seed:
            case 1:
                self.cancelled.wait(10)
            case 2:
                raise ZeroDivisionError("nobody foresaw it")
            case 3:
                yield "no event at all"
            case 4:
                raise errors.OutOfMemory("too much")
        if self.cancelled.is_set():
            raise self.why

    def cancel(self, why):
        self.why = self.why or why
        self.cancelled.set()

    def close(self):
        self.closed = True


class FakeWorker:
    def __init__(self):
        self.runs = []
        self.fault = None
        self.closed = False

    def start(self, task):
        if self.fault is not None:
            raise self.fault
        self.runs.append(FakeRun(task))
        return self.runs[-1]

    def leave(self, run):
        """No process is left to others."""

    def end_standby(self):
        """As `leave`."""

    def close(self):
        self.closed = True


@pytest.fixture
def worker():
    return FakeWorker()


@pytest.fixture
def jobs(worker, tmp_path):
    """In the middle of its work, in a thread as in a runner."""
    jobs = Jobs(Records("pytorch", tmp_path / "jobs", 1000), worker, Path(), backlog=1000)
    thread = threading.Thread(target=jobs.run)
    thread.start()
    yield jobs
    jobs.stop(0)
    thread.join(10)
    assert not thread.is_alive()
    assert worker.closed
    assert all(run.closed for run in worker.runs)


def submit(jobs: Jobs, seed=0, request_id="") -> job_pb2.Job:
    layers = (Flatten(), Dense(10))
    spec = JobSpec(Dataset("mnist"), layers, Optimizer(Sgd()), threads=1, seed=seed)
    return jobs.submit(job_pb2.JOB_KIND_TRAIN, request_id, spec)


def watch(jobs: Jobs, job: job_pb2.Job, after=0) -> list[job_pb2.JobEvent]:
    """All events to the job's end; what comes late is as bad as what never comes."""
    deadline = time.monotonic() + 20
    return list(jobs.watch(job.job_id, after, lambda: time.monotonic() < deadline))


def ended(jobs: Jobs, job: job_pb2.Job) -> job_pb2.Job:
    watch(jobs, job)
    return jobs.get(job.job_id)


def reason(job: job_pb2.Job) -> str:
    info = error_details_pb2.ErrorInfo()
    assert job.error.details[0].Unpack(info)
    return info.reason


@pytest.mark.parametrize(
    ("seed", "why", "words"),
    [
        (2, "TRAINER_FAILED", "nobody foresaw it"),
        (3, "TRAINER_FAILED", "no case for str"),
        (4, "OUT_OF_MEMORY", "too much"),
    ],
)
def test_whatever_a_run_raises_or_reports_the_next_job_runs(jobs, seed, why, words):
    failed = ended(jobs, submit(jobs, seed))
    assert failed.state == job_pb2.JOB_STATE_FAILED
    assert reason(failed) == why
    assert words in failed.error.message
    assert ended(jobs, submit(jobs)).state == job_pb2.JOB_STATE_SUCCEEDED


@pytest.mark.parametrize("fault", [OSError("no process"), RuntimeError("can't start new thread")])
def test_a_process_that_cannot_be_started_fails_the_job_and_the_next_one_runs(jobs, worker, fault):
    worker.fault = fault
    failed = ended(jobs, submit(jobs))
    assert failed.state == job_pb2.JOB_STATE_FAILED
    assert str(fault) in failed.error.message
    worker.fault = None
    assert ended(jobs, submit(jobs)).state == job_pb2.JOB_STATE_SUCCEEDED


def test_a_job_that_a_client_cancels_while_the_runner_stops_was_cancelled_by_the_client(jobs):
    job = submit(jobs, seed=1)
    next(e for e in jobs.watch(job.job_id, 0, lambda: True) if e.HasField("phase_started"))
    stopper = threading.Thread(target=jobs.stop, args=(10,))
    stopper.start()
    while not jobs._stopping:
        time.sleep(0.001)
    with pytest.raises(errors.RunnerStopping):
        submit(jobs)
    jobs.cancel(job.job_id)
    stopper.join(5)
    assert reason(jobs.get(job.job_id)) == "CANCELLED"


def test_a_watcher_that_goes_away_ends_its_watching(jobs):
    job = submit(jobs, seed=1)
    here = threading.Event()
    here.set()
    stream = jobs.watch(job.job_id, 0, here.is_set)
    next(stream)
    here.clear()
    assert list(stream) is not None  # it ends, though the job does not
    assert jobs.get(job.job_id).state == job_pb2.JOB_STATE_RUNNING


def test_an_end_that_no_disk_took_is_told_to_watchers_once(jobs, monkeypatch):
    job = submit(jobs, seed=1)
    next(e for e in jobs.watch(job.job_id, 0, lambda: True) if e.HasField("phase_started"))
    with monkeypatch.context() as broken:
        log = jobs._records.get(job.job_id).log
        append = log.append

        def full(event, durable=False):
            if durable:
                event.sequence = log.last_sequence + 1
                event.event_time.GetCurrentTime()
                raise OSError("no room")
            append(event)

        broken.setattr(log, "append", full)
        jobs.cancel(job.job_id)
        events = watch(jobs, job)
    assert events[-1].state_changed.state == job_pb2.JOB_STATE_CANCELLED
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert watch(jobs, job, after=events[-1].sequence) == []
    assert ended(jobs, submit(jobs)).state == job_pb2.JOB_STATE_SUCCEEDED


def test_waiting_until_idle_begins_anew_with_each_job(jobs):
    done = threading.Event()

    def wait():
        jobs.wait_until_idle(0.4)
        done.set()

    waiter = threading.Thread(target=wait)
    waiter.start()
    for _ in range(5):
        assert not done.wait(0.2)
        submit(jobs)
    assert done.wait(5)
    waiter.join()


def test_jobs_that_are_submitted_watched_and_cancelled_all_at_once_each_end_once(jobs):
    """For lost wake-ups and deadlocks: many threads without a pause; some jobs end only so."""
    streams: list[list[job_pb2.JobEvent]] = []
    faults: list[BaseException] = []

    def client(number: int) -> None:
        draw = random.Random(number)
        try:
            for turn in range(25):
                seed = draw.choice([0, 0, 1, 2, 4])
                job = submit(jobs, seed, request_id=f"{number}-{turn}")
                if seed == 1 or draw.random() < 0.3:
                    canceller = threading.Thread(target=jobs.cancel, args=(job.job_id,))
                    canceller.start()
                    streams.append(watch(jobs, job))
                    canceller.join()
                else:
                    streams.append(watch(jobs, job, after=draw.randrange(3)))
                with contextlib.suppress(StopIteration):
                    next(jobs.watch(job.job_id, 0, lambda: True))
        except BaseException as error:  # noqa: BLE001 - told below
            faults.append(error)

    clients = [threading.Thread(target=client, args=(number,)) for number in range(6)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join(60)
    assert not faults
    assert len(streams) == 6 * 25
    for events in streams:
        states = [e.state_changed.state for e in events if e.HasField("state_changed")]
        assert [s for s in states if s > job_pb2.JOB_STATE_RUNNING] == states[-1:]
        first = events[0].sequence
        assert [event.sequence for event in events] == list(range(first, first + len(events)))
