"""How a runner ends: by a signal, with a grace period, or because its owner is gone."""

import itertools
import signal
import threading

import grpc
import pytest
from google.rpc import error_details_pb2
from twinrun.v1 import job_pb2

from services.runner.options import parse
from tests.builders.runners import details, end_an_idle_one, reason
from tests.integration.fake_runner import LINGER
from tests.waiting import HANG_SECONDS, eventually


class Watcher(threading.Thread):
    """Follows a job to its end."""

    def __init__(self, runner, job):
        super().__init__()
        self.stream = runner.watch(job)
        self.events = []
        self.start()
        assert eventually(lambda: self.events)

    def run(self):
        for event in self.stream:
            self.events.append(event)

    @property
    def last(self) -> job_pb2.StateChanged:
        self.join(HANG_SECONDS)
        return self.events[-1].state_changed


FOREVER = ("--grace", "100000")  # seconds; to be waited for, it is a hang


def running(runner, **changes):
    """A job that has begun to train, and one who watches it."""
    job = runner.train(**changes)
    watcher = Watcher(runner, job)
    assert eventually(lambda: runner.get(job).last_sequence >= 5)
    return job, watcher


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_runner_ends_at_once_with_code_0(start, number):
    runner = start("good", *FOREVER)
    assert runner.stop(number) == 0
    assert "Traceback" not in runner.stderr
    assert not (runner.state_dir / "address").exists()


def test_a_job_that_finishes_within_the_grace_period_has_succeeded_and_the_log_says_so(start):
    runner = start("gated", *FOREVER)
    job, watcher = running(runner)
    waiting = runner.train()
    waiter = Watcher(runner, waiting)
    runner.process.send_signal(signal.SIGTERM)
    assert eventually(lambda: f"stopping: job {job.job_id}" in runner.stderr)
    runner.open("epoch-1")
    assert runner.process.wait(HANG_SECONDS) == 0
    assert watcher.last.state == job_pb2.JOB_STATE_SUCCEEDED
    assert waiter.last.state == job_pb2.JOB_STATE_CANCELLED
    assert reason(waiter.last.error) == "RUNNER_STOPPED"
    assert f"stopping: job {job.job_id} has 100000 s to finish" in runner.stderr
    assert f"job {job.job_id}: SUCCEEDED" in runner.stderr


def test_by_default_the_period_is_shorter_than_the_10_s_that_engines_give_a_container():
    assert parse(["--framework=pytorch"]).grace == 8


def test_a_job_that_takes_longer_is_cancelled_by_name_and_the_log_says_so(start):
    runner = start("slow", "--grace", "1")
    job, watcher = running(runner, epochs=10_000)
    assert runner.stop() == 0
    assert watcher.last.state == job_pb2.JOB_STATE_CANCELLED
    assert reason(watcher.last.error) == "RUNNER_STOPPED"
    assert f"job {job.job_id} did not finish in time: it is cancelled" in runner.stderr
    again = start("slow")
    assert again.get(job).state == job_pb2.JOB_STATE_CANCELLED
    assert list(again.watch(job)) == watcher.events


def test_a_second_signal_ends_the_job_at_once(start):
    runner = start("slow", *FOREVER)
    job, watcher = running(runner, epochs=10_000)
    runner.process.send_signal(signal.SIGTERM)
    assert eventually(lambda: f"stopping: job {job.job_id}" in runner.stderr)
    assert runner.process.poll() is None
    assert runner.stop() == 0
    assert reason(watcher.last.error) == "RUNNER_STOPPED"


def test_a_stopping_runner_takes_no_job_but_answers_otherwise(start):
    runner = start("slow", *FOREVER)
    job, watcher = running(runner, request_id="mine", epochs=10_000)
    runner.process.send_signal(signal.SIGTERM)
    assert eventually(lambda: f"stopping: job {job.job_id}" in runner.stderr)
    with pytest.raises(grpc.RpcError) as caught:
        runner.train()
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
    assert details(caught.value, error_details_pb2.ErrorInfo).reason == "RUNNER_STOPPING"
    assert runner.train("mine", epochs=10_000).job_id == job.job_id
    runner.cancel(job)
    assert reason(watcher.last.error) == "CANCELLED"
    assert runner.process.wait(HANG_SECONDS) == 0


def test_a_lazy_runner_that_never_had_a_job_ends_without_importing_anything(start):
    runner = start("good", "--lazy")
    eager = start("good", name="eager")  # began after it
    assert eventually(lambda: "ready" in eager.stderr)
    assert len(runner.descendants) == 2  # the eager one, and its worker
    assert runner.stop() == 0
    assert "ready" not in runner.stderr


@pytest.mark.parametrize("fake", ["blocks_in_import", "blocks"])
def test_a_runner_whose_process_blocks_can_be_stopped(start, fake):
    runner = start(fake, "--grace", "0")
    job = runner.train()
    watcher = Watcher(runner, job)
    begun = job_pb2.JOB_STATE_PENDING if "import" in fake else job_pb2.JOB_STATE_RUNNING
    assert eventually(lambda: runner.get(job).state == begun)
    assert eventually(lambda: runner.descendants)
    assert runner.stop() == 0
    assert reason(watcher.last.error) == "RUNNER_STOPPED"


@pytest.mark.parametrize("seen", [0, 1, 3, 6])
def test_a_signal_after_any_event_of_a_job_ends_a_runner_with_code_0(start, seen):
    runner = start()
    job = runner.train()
    list(itertools.islice(runner.watch(job), seen))
    assert runner.stop() == 0
    assert "Traceback" not in runner.stderr
    last = runner.log(job)[-1]
    assert "JOB_STATE_SUCCEEDED" in last or "RUNNER_STOPPED" in last


def test_a_runner_whose_owner_is_gone_finishes_all_jobs_before_it_ends(start, monkeypatch):
    monkeypatch.setenv(LINGER, "0.5")
    runner = start("gated", "--until-stdin-closes")
    job, watcher = running(runner)
    runner.process.stdin.close()
    end_an_idle_one(start)
    assert runner.get(job).state == job_pb2.JOB_STATE_RUNNING
    waiter = Watcher(runner, runner.train(seed=1))  # someone else's
    runner.open("epoch-1")
    assert watcher.last.state == job_pb2.JOB_STATE_SUCCEEDED
    assert waiter.last.state == job_pb2.JOB_STATE_SUCCEEDED
    assert runner.process.wait(HANG_SECONDS) == 0
    assert "whoever started this runner is gone" in runner.stderr


def test_a_runner_that_is_to_end_with_its_owner_ends_its_job_too(start):
    """Planted: a job that would go on for ever."""
    runner = start("gated", "--until-stdin-closes=at-once", "--grace=0")
    _, watcher = running(runner)
    runner.process.stdin.close()
    assert reason(watcher.last.error) == "RUNNER_STOPPED"
    assert runner.process.wait(HANG_SECONDS) == 0


def test_a_runner_whose_owner_is_gone_stays_for_a_while_and_someone_else_can_submit(start):
    runner = start("good", "--until-stdin-closes")
    runner.process.stdin.close()
    for _ in range(2):
        assert runner.wait(runner.train()).state == job_pb2.JOB_STATE_SUCCEEDED
    assert runner.process.poll() is None


def test_a_runner_stays_while_its_owner_holds_its_standard_input(start, monkeypatch):
    monkeypatch.setenv(LINGER, "0")
    runner = start("good", "--until-stdin-closes")
    end_an_idle_one(start)
    assert runner.process.poll() is None
