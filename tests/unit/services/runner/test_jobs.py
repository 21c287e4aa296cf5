"""The queue with its one slot, on a worker whose tasks do what a test tells them."""

import contextlib
import random
import threading
from pathlib import Path

import pytest
from google.rpc import error_details_pb2
from twinrun.contract.enums import Phase
from twinrun.contract.events import PhaseStarted
from twinrun.contract.layers import Dense, Flatten
from twinrun.contract.optimizers import Optimizer, Sgd
from twinrun.contract.spec import Dataset, JobSpec
from twinrun.v1 import job_pb2

from services import errors
from services.runner.jobs import Jobs
from services.runner.records import Records
from tests.waiting import FOREVER_SECONDS, HANG_SECONDS, eventually


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
                self.cancelled.wait(FOREVER_SECONDS)
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


class Moved(threading.Condition):
    """A condition whose waits with a limit last as long as the test says that time has passed."""

    def __init__(self):
        super().__init__()
        self.seconds = 0.0
        self.limited = 0  # waits with a limit that have begun

    def wait_for(self, predicate, timeout=None):
        end = None if timeout is None else self.seconds + timeout
        self.limited += timeout is not None
        while not (holds := predicate()) and (end is None or self.seconds < end):
            self.wait()
        return holds

    def move(self, seconds):
        with self:
            self.seconds += seconds
            self.notify_all()


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
def idle(worker, tmp_path):
    """Before its work."""
    return Jobs(Records("pytorch", tmp_path / "jobs", 1000), worker, Path(), backlog=1000)


@pytest.fixture
def jobs(idle, worker):
    """In the middle of its work, in a thread as in a runner."""
    thread = threading.Thread(target=idle.run)
    thread.start()
    yield idle
    idle.stop(0)
    thread.join(HANG_SECONDS)
    assert not thread.is_alive()
    assert worker.closed
    assert all(run.closed for run in worker.runs)


def submit(jobs: Jobs, seed=0, request_id="") -> job_pb2.Job:
    layers = (Flatten(), Dense(10))
    spec = JobSpec(Dataset("mnist"), layers, Optimizer(Sgd()), threads=1, seed=seed)
    return jobs.submit(job_pb2.JOB_KIND_TRAIN, request_id, spec)


def watch(jobs: Jobs, job: job_pb2.Job, after=0) -> list[job_pb2.JobEvent]:
    """All events to the job's end."""
    hangs = threading.Event()
    timer = threading.Timer(HANG_SECONDS, hangs.set)
    timer.start()
    try:
        return list(jobs.watch(job.job_id, after, lambda: not hangs.is_set()))
    finally:
        timer.cancel()


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
    stopper = threading.Thread(target=jobs.stop, args=(FOREVER_SECONDS,))
    stopper.start()
    assert eventually(lambda: jobs._stopping)
    with pytest.raises(errors.RunnerStopping):
        submit(jobs)
    jobs.cancel(job.job_id)
    stopper.join(HANG_SECONDS)
    assert not stopper.is_alive()
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


def test_waiting_until_idle_begins_anew_with_each_job(idle):
    """Nothing runs the jobs: each is cancelled, gone again before the one who waits can look."""
    time = idle._changed = Moved()
    waiter = threading.Thread(target=idle.wait_until_idle, args=(1.0,), daemon=True)
    waiter.start()

    def waits(number):
        assert eventually(lambda: time.limited == number or not waiter.is_alive())
        return waiter.is_alive()

    for number in range(1, 6):
        assert waits(number)  # anew
        time.move(0.75)
        with time:  # all at once
            idle.cancel(submit(idle).job_id)
    assert waits(6)
    time.move(1.0)
    waiter.join(HANG_SECONDS)
    assert not waiter.is_alive()


def test_waiting_until_idle_takes_no_account_of_the_time_that_a_job_runs(jobs):
    running = submit(jobs, seed=1)
    waiter = threading.Thread(target=jobs.wait_until_idle, args=(0.0,), daemon=True)
    waiter.start()
    watching = jobs.watch(running.job_id, 0, lambda: True)
    next(e for e in watching if e.HasField("phase_started"))
    assert waiter.is_alive()
    jobs.cancel(running.job_id)
    waiter.join(HANG_SECONDS)
    assert not waiter.is_alive()


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
        thread.join(HANG_SECONDS)
    assert not faults
    assert len(streams) == 6 * 25
    for events in streams:
        states = [e.state_changed.state for e in events if e.HasField("state_changed")]
        assert [s for s in states if s > job_pb2.JOB_STATE_RUNNING] == states[-1:]
        first = events[0].sequence
        assert [event.sequence for event in events] == list(range(first, first + len(events)))
