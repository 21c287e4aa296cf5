"""When trials run, with clients that answer from a script."""

import math
import signal
import threading
import time

import pytest
from twinrun.contract.enums import JobState
from twinrun.contract.events import Failure
from twinrun.v1 import job_pb2

from orchestrator.errors import (
    BadInput,
    OutputError,
    RunnerUnavailable,
    WrongReport,
)
from orchestrator.runners.placement import Placement
from orchestrator.runners.schedule import run_trials
from tests.builders.events import trial_events
from tests.builders.scripted import BOTH, WHOLE, FakeClient, FakeRunners, go, states
from tests.builders.stored import create
from tests.waiting import HANG_SECONDS


@pytest.fixture
def run(tmp_path):
    return create(tmp_path)


# --------------------------------------------------------------------------------- how they do


def test_trials_at_once_meet_and_each_keeps_its_own_events_and_files(run):
    meets = threading.Barrier(2)
    faults = go(run, *(FakeClient(name, meets) for name in BOTH))
    assert faults == []
    assert not meets.broken
    assert states(run) == dict.fromkeys(BOTH, JobState.SUCCEEDED)
    for name in BOTH:
        (said,) = {
            event.environment.framework
            for event in run.events(name, 1)
            if event.HasField("environment")
        }
        assert said == name
        assert run.weights(name, 1) == b"weights"
    kept = (run.path / "environments.json").read_text()
    assert all(name in kept for name in BOTH)


def test_otherwise_no_trial_begins_before_the_one_before_has_ended(run):
    running = []

    def listener(framework, event):
        if event.HasField("state_changed"):
            running.append((framework, event.state_changed.state))

    go(run, *map(FakeClient, BOTH), listener=listener, at_once=False)
    first, second = dict.fromkeys(framework for framework, _ in running)
    assert [framework for framework, _ in running] == 3 * [first] + 3 * [second]


def test_trials_of_another_number_wait_for_those_before(run):
    trials_before = []

    class Noting(FakeClient):
        def train(self, spec, request_id, process=0):
            trials_before.append(len(run.trials()))
            return super().train(spec, request_id)

    order = [Placement(name, number, WHOLE) for number in (1, 2) for name in BOTH]
    assert go(run, *map(Noting, BOTH), order=order) == []
    assert trials_before[2] == 2
    assert len(run.trials()) == 4


def test_where_a_runner_is_lost_what_was_finished_is_kept_and_nothing_more_begins(run):
    clients = [FakeClient("pytorch"), FakeClient("tensorflow")]
    faults = iter([None, RunnerUnavailable("it is gone")])

    def lose(spec, request_id, process):
        clients[1].fault = next(faults)
        return job_pb2.Job(job_id="tensorflow-job", spec=spec)

    clients[1].train = lose
    order = [Placement(name, number, WHOLE) for number in (1, 2, 3) for name in BOTH]
    with pytest.raises(RunnerUnavailable, match="it is gone"):
        go(run, *clients, at_once=False, order=order)
    names = {trial.name: trial.state for trial in run.trials()}
    assert names == {
        "pytorch-1": JobState.SUCCEEDED,
        "tensorflow-1": JobState.SUCCEEDED,
        "pytorch-2": JobState.SUCCEEDED,
        "tensorflow-2": JobState.RUNNING,
    }
    assert run.weights("pytorch", 2) == b"weights"


def test_where_a_runner_is_lost_the_other_side_is_cancelled_at_once(run):
    going = FakeClient("tensorflow", waits=True)
    lost = FakeClient("pytorch", fault=RunnerUnavailable("it is gone"))
    runners = FakeRunners(lost, going)
    order = [Placement(name, 1, WHOLE) for name in BOTH]
    with pytest.raises(RunnerUnavailable, match="it is gone"):
        run_trials(order, runners, run, lambda *_: None, at_once=True)
    assert states(run) == {"pytorch": JobState.RUNNING, "tensorflow": JobState.CANCELLED}
    assert runners.told == ["waiting for the TensorFlow runner to cancel, at most 10 s"]
    assert going.limits == [10, math.inf]


def test_where_a_runner_is_lost_at_once_what_the_other_had_finished_is_fetched(run):
    class Ended(FakeClient):
        def watch(self, job_id, after=0):
            yield from super().watch(job_id, after)
            assert self.cancelled.wait(HANG_SECONDS)  # which is too late

    class Late(FakeClient):
        def watch(self, job_id, after=0):
            assert eventually_ended(run, "tensorflow")
            raise RunnerUnavailable("it is gone")
            yield

    with pytest.raises(RunnerUnavailable, match="it is gone"):
        go(run, Late("pytorch"), Ended("tensorflow"))
    assert run.weights("tensorflow", 1) == b"weights"


def eventually_ended(run, name):
    deadline = time.monotonic() + HANG_SECONDS
    while states(run).get(name) is not JobState.SUCCEEDED:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_a_job_that_may_have_been_taken_as_an_interrupt_came_is_cancelled(run):
    client = FakeClient("pytorch")
    asked = []

    def train(spec, request_id, process):
        asked.append(request_id)
        if len(asked) == 1:
            raise KeyboardInterrupt
        return job_pb2.Job(job_id="pytorch-job", spec=spec)

    client.train = train
    with pytest.raises(KeyboardInterrupt):
        go(run, client, at_once=False)
    assert len(set(asked)) == 1
    assert client.cancelled.is_set()


def test_a_runner_that_does_not_cancel_is_not_waited_for_and_the_interrupt_stands(run):
    client = FakeClient("pytorch")

    def watch(job_id, after=0):
        if not client.limits:
            yield trial_events("pytorch")[0]
            raise KeyboardInterrupt
        raise RunnerUnavailable("did not end in time")

    client.watch = watch
    with pytest.raises(KeyboardInterrupt):
        go(run, client, at_once=False)
    assert client.limits == [10, math.inf]


def test_an_interrupt_cancels_all_that_run_and_keeps_what_they_had_reported(run):
    clients = [FakeClient(name, waits=True) for name in BOTH]

    def interrupt():
        assert all(client.watched.wait(HANG_SECONDS) for client in clients)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        go(run, *clients)
    assert states(run) == dict.fromkeys(BOTH, JobState.CANCELLED)
    assert all(trial.inputs for trial in run.trials())
    assert (run.path / "environments.json").exists()


def test_a_second_interrupt_does_not_wait_for_runners_that_do_not_cancel(run):
    clients = [FakeClient(name, waits=True) for name in BOTH]
    asked = threading.Event()
    for client in clients:
        client.cancel = lambda _: asked.set()

    def interrupt():
        assert all(client.watched.wait(HANG_SECONDS) for client in clients)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        assert asked.wait(HANG_SECONDS)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        go(run, *clients)
    assert not any(client.cancelled.is_set() for client in clients)
    for client in clients:
        client.cancelled.set()


def test_a_submission_that_fails_cancels_those_that_run(run):
    first, second = FakeClient("pytorch", waits=True), FakeClient("tensorflow")

    def refuse(spec, request_id, process):
        assert first.watched.wait(HANG_SECONDS)
        raise BadInput("refused")

    second.train = refuse
    with pytest.raises(BadInput):
        go(run, first, second)
    assert states(run) == {"pytorch": JobState.CANCELLED}


def test_what_cannot_be_kept_ends_all(run):
    first, second = FakeClient("pytorch", waits=True), FakeClient("tensorflow")

    def listener(framework, event):
        if framework == "tensorflow":
            raise OutputError("full")

    with pytest.raises(OutputError):
        go(run, first, second, listener=listener)
    assert states(run)["pytorch"] is JobState.CANCELLED
    assert second.cancelled.is_set()


def test_the_listener_is_told_of_one_event_at_a_time(run):
    inside = threading.Lock()

    def listener(framework, event):
        assert inside.acquire(blocking=False)
        inside.release()

    meets = threading.Barrier(2)
    assert go(run, *(FakeClient(name, meets) for name in BOTH), listener=listener) == []


# -------------------------------------------------------------------- what cannot be is a failure


@pytest.mark.parametrize("at_once", [False, True])
def test_a_trial_whose_report_cannot_be_has_failed_with_that_sentence_and_others_go_on(
    run, at_once
):
    heard = []
    wrong = FakeClient("pytorch", fault=WrongReport("it cannot be"))
    listener = lambda side, event: heard.append((side, event.state_changed.state))  # noqa: E731
    assert go(run, wrong, FakeClient("tensorflow"), listener=listener, at_once=at_once) == [
        "it cannot be"
    ]
    assert states(run) == {"pytorch": JobState.FAILED, "tensorflow": JobState.SUCCEEDED}
    (failed, _) = run.trials()
    assert failed.error == Failure("RUNNER_WRONG", "it cannot be")
    assert failed.inputs is not None  # what had come is kept
    assert ("pytorch", job_pb2.JOB_STATE_FAILED) in heard
    assert run.job("pytorch", 1).state == job_pb2.JOB_STATE_FAILED


def test_a_trial_whose_files_cannot_be_has_failed_though_its_events_say_otherwise(run):
    class Wrong(FakeClient):
        def weights(self, job_id, kind):
            raise WrongReport("no such file")

    assert go(run, Wrong("pytorch")) == ["no such file"]
    assert states(run) == {"pytorch": JobState.FAILED}


def test_a_trial_that_was_not_taken_as_it_was_asked_for_has_failed_and_others_go_on(run):
    class Wrong(FakeClient):
        def train(self, spec, request_id, process=0):
            raise WrongReport("another job")

    assert go(run, Wrong("pytorch"), FakeClient("tensorflow"), at_once=False) == ["another job"]
    assert states(run) == {"pytorch": JobState.FAILED, "tensorflow": JobState.SUCCEEDED}


def test_a_trial_of_other_sizes_than_the_first_is_cancelled_and_has_failed(run):
    class Smaller(FakeClient):
        address = "127.0.0.1:1"

        def watch(self, job_id, after=0):
            for event in super().watch(job_id, after):
                if event.HasField("inputs"):
                    event.inputs.train_samples //= 2
                yield event

    other = Smaller("tensorflow")
    (said,) = go(run, FakeClient("pytorch"), other, at_once=False)
    assert (
        "inputs.train_samples is 1600, but should be 3200, as pytorch reported for the same job"
        in said
    )
    assert other.cancelled.is_set()
    assert states(run) == {"pytorch": JobState.SUCCEEDED, "tensorflow": JobState.FAILED}
