"""Cancelling: whatever the job does, it ends within a second, and nothing of it is left."""

import os
import signal
import time

import pytest
from twinrun.v1 import job_pb2

from tests.integration.conftest import eventually, reason


def ended_within_a_second(runner, job) -> job_pb2.Job:
    """The job when it has ended; its last event must say the same."""
    began = time.monotonic()
    last = list(runner.watch(job))[-1].state_changed
    assert time.monotonic() - began < 1
    ended = runner.get(job)
    assert ended.state == last.state == job_pb2.JOB_STATE_CANCELLED
    assert reason(ended.error) == reason(last.error) == "CANCELLED"
    return ended


@pytest.mark.parametrize(
    ("fake", "event"), [("slow", "steps_finished"), ("blocks", "weights_saved")]
)
def test_a_running_job_ends_within_a_second_and_the_next_one_runs(start, fake, event):
    runner = start(fake)
    job = runner.train(epochs=1000)
    runner.wait_for(job, event)
    assert runner.cancel(job).state == job_pb2.JOB_STATE_RUNNING
    ended_within_a_second(runner, job)
    assert runner.descendants == []
    assert runner.wait(runner.train(seed=1)).state == job_pb2.JOB_STATE_SUCCEEDED


def test_a_waiting_job_ends_at_once_and_never_starts(start):
    runner = start("blocks")
    running = runner.train()
    runner.wait_for(running, "weights_saved")
    waiting = runner.train()
    assert runner.cancel(waiting).state == job_pb2.JOB_STATE_CANCELLED
    ended = ended_within_a_second(runner, waiting)
    assert not ended.HasField("start_time")
    assert runner.get(running).state == job_pb2.JOB_STATE_RUNNING


def test_an_ended_job_is_returned_as_it_is(start):
    runner = start()
    ended = runner.wait(runner.train())
    assert runner.cancel(ended) == ended
    assert runner.get(ended) == ended


def test_a_cancelled_job_stays_as_it_is_when_cancelled_again(start):
    runner = start("blocks")
    job = runner.train()
    runner.wait_for(job, "weights_saved")
    runner.cancel(job)
    ended = ended_within_a_second(runner, job)
    assert runner.cancel(job) == ended


def test_a_job_that_is_cancelled_right_after_it_was_submitted_ends_once(start):
    runner = start()
    for delay in range(15):
        job = runner.train()
        time.sleep(delay / 50)  # until after the longest of these jobs has ended
        runner.cancel(job)
        events = list(runner.watch(job))
        states = [e.state_changed.state for e in events if e.HasField("state_changed")]
        assert [state in ENDED for state in states].count(True) == 1
        assert states[-1] in ENDED
        assert runner.get(job).state == states[-1]
    assert runner.wait(runner.train()).state == job_pb2.JOB_STATE_SUCCEEDED


ENDED = (job_pb2.JOB_STATE_SUCCEEDED, job_pb2.JOB_STATE_CANCELLED)


def test_a_job_that_waits_for_the_first_import_ends_at_once(start):
    runner = start("blocks_in_import")
    job = runner.train()
    runner.cancel(job)
    ended_within_a_second(runner, job)


def test_a_job_whose_process_hangs_in_its_import_ends_within_a_second(start):
    runner = start("blocks_in_import")
    assert eventually(lambda: runner.descendants)
    os.kill(runner.descendants[0], signal.SIGKILL)  # so that the job has a process of its own
    job = runner.train()
    assert eventually(lambda: runner.get(job).state == job_pb2.JOB_STATE_RUNNING)
    time.sleep(0.2)
    runner.cancel(job)
    ended_within_a_second(runner, job)
    assert runner.descendants == []
