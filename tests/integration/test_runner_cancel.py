"""Cancelling: whatever the job does, it ends, and nothing of it is left.

The jobs go on for ever by themselves, and so do the runner's limits: a job that ends was ended.
"""

import itertools
import os
import signal

import pytest
from twinrun.v1 import job_pb2

from tests.builders.runners import reason
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("no_forks")


def ended(runner, job) -> job_pb2.Job:
    """The job when it has ended; its last event must say the same."""
    last = list(runner.watch(job))[-1].state_changed
    found = runner.get(job)
    assert found.state == last.state == job_pb2.JOB_STATE_CANCELLED
    assert reason(found.error) == reason(last.error) == "CANCELLED"
    return found


@pytest.mark.parametrize(
    ("fake", "event"), [("slow", "steps_finished"), ("blocks", "weights_saved")]
)
def test_a_running_job_ends_and_the_next_one_runs(start, fake, event):
    runner = start(fake)
    job = runner.train(epochs=10_000)
    runner.wait_for(job, event)
    assert runner.cancel(job).state == job_pb2.JOB_STATE_RUNNING
    ended(runner, job)
    assert runner.descendants == []
    assert runner.wait(runner.train(seed=1)).state == job_pb2.JOB_STATE_SUCCEEDED


def test_a_waiting_job_ends_at_once_and_never_starts(start):
    runner = start("blocks")
    running = runner.train()
    runner.wait_for(running, "weights_saved")
    waiting = runner.train()
    assert runner.cancel(waiting).state == job_pb2.JOB_STATE_CANCELLED
    assert not ended(runner, waiting).HasField("start_time")
    assert runner.get(running).state == job_pb2.JOB_STATE_RUNNING


def test_an_ended_job_is_returned_as_it_is(start):
    runner = start()
    found = runner.wait(runner.train())
    assert runner.cancel(found) == found
    assert runner.get(found) == found


def test_a_cancelled_job_stays_as_it_is_when_cancelled_again(start):
    runner = start("blocks")
    job = runner.train()
    runner.wait_for(job, "weights_saved")
    runner.cancel(job)
    found = ended(runner, job)
    assert runner.cancel(job) == found


def test_a_job_that_is_cancelled_after_any_of_its_events_ends_once(start):
    runner = start()
    whole = runner.train()
    number = sum(1 for _ in runner.watch(whole))
    for seen in range(number + 1):
        job = runner.train()
        list(itertools.islice(runner.watch(job), seen))
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
    ended(runner, job)


def test_a_job_whose_process_hangs_in_its_import_ends(start):
    runner = start("blocks_in_import")
    assert eventually(lambda: runner.descendants)
    os.kill(runner.descendants[0], signal.SIGKILL)  # so that the job has a process of its own
    job = runner.train()
    assert eventually(lambda: runner.get(job).state == job_pb2.JOB_STATE_RUNNING)
    assert eventually(lambda: runner.descendants)
    runner.cancel(job)
    ended(runner, job)
    assert runner.descendants == []
