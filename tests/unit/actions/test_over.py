"""Blocks over machines on scripted runners: what fails, what ends, and what is raised."""

import threading
from types import SimpleNamespace

import pytest
from twinrun.v1 import job_pb2

from orchestrator.actions.cluster import comparison as over_machines
from orchestrator.actions.cluster import meeting
from orchestrator.actions.cluster.meeting import Machines, Met
from orchestrator.errors import (
    BadInput,
    CannotRun,
    OutputError,
    RunnerUnavailable,
)
from orchestrator.language.phrases import stored
from orchestrator.runners.cluster import queue
from orchestrator.settings.config import Places
from orchestrator.settings.hosts import Host
from orchestrator.settings.keeping import Condition
from orchestrator.storage import blocks, clustering
from tests.builders.events import numbered, state, trial_events
from tests.builders.over import counts, over
from tests.builders.scripted import BOTH
from tests.builders.sweeping import Client, Dying, Patient
from tests.waiting import HANG_SECONDS


class Restarted(Client):
    """A runner that was started again in the middle of its first job."""

    def watch(self, job_id, after=0):
        if len(self.trained) > 1:
            yield from super().watch(job_id, after)
            return
        why = state("FAILED", "RUNNER_RESTARTED", "it was started again")
        events = trial_events(self.framework, seconds=[1.0], step_losses=[2.0, 1.0])
        yield from numbered([*events[:8], why])

    def job(self, job_id):
        found = super().job(job_id)
        if len(self.trained) == 1:
            found.state = job_pb2.JOB_STATE_FAILED
        return found


@pytest.fixture(autouse=True)
def restless(monkeypatch):
    monkeypatch.setattr(queue, "REST_SECONDS", 0.0)


def test_a_machine_that_fails_once_has_its_block_run_again_and_goes_on(tmp_path):
    client = Dying("pytorch", times=1)
    run, said, error = over(tmp_path, 4, a=client)
    assert error is None
    assert counts(run) == dict.fromkeys(range(1, 5), 2)
    assert client.ended, "the job that was left would run beside the next block"
    assert any(
        "a failed in block 1, which runs again as a whole: it burns" in text for text in said
    )
    assert [each.failed for each in blocks.blocks(run.path)].count("it burns") == 1


def test_a_machine_that_fails_three_times_is_left_out(tmp_path):
    dying = Dying("pytorch", times=99)
    run, said, error = over(tmp_path, 4, a=Patient("pytorch", dying), b=dying)
    assert error is None
    assert counts(run) == dict.fromkeys(range(1, 5), 2)
    assert set(blocks.machines(run.path).values()) == {"a"}
    failures = [each for each in blocks.blocks(run.path) if each.failed]
    assert [each.machine for each in failures] == ["b"] * 3
    assert len(dying.trained) == 3
    assert "b is left out from now on" in said


def test_without_any_machine_it_ends_with_why_and_keeps_what_is_finished(tmp_path):
    client = Dying("pytorch", times=99)
    run, said, error = over(tmp_path, 4, a=client)
    assert isinstance(error, RunnerUnavailable)
    assert "a: it burns" in error.message
    assert len(client.trained) == queue.MOST_FAILURES
    assert "a is left out from now on" in said
    assert not run.trials()
    assert not clustering.left(run)


def test_a_machine_whose_runners_are_gone_for_good_is_left_out_at_once(tmp_path):
    client = Dying("pytorch", times=99)
    _, said, error = over(tmp_path, 4, gone="a", a=client)
    assert isinstance(error, RunnerUnavailable)
    assert len(client.trained) == 1
    assert "a is left out from now on" in said


def test_who_waits_for_runners_that_are_gone_is_told():
    told, gone = [], stored("the node died")
    clients = {side: SimpleNamespace(ended=told.append) for side in BOTH}
    runners = SimpleNamespace(taken=lambda: clients, get=clients.get)
    machines = Machines({}, {})
    meeting._lose(machines, Met(Host("a", Places()), runners, {}), gone)
    assert machines.gone == {"a": gone}
    assert told == [gone, gone]


class Keeper:
    """Measures from each beginning on."""

    def __init__(self):
        self.begun = 0

    def begin(self):
        self.begun += 1

    def condition(self):
        return Condition(self.begun / 100, 0, "m")


def test_blocks_on_gpus_of_a_machine_are_of_that_machine(tmp_path):
    places = {"n1#0": Client("pytorch"), "n1#1": Client("pytorch")}
    run, _, error = over(tmp_path, 6, **places)
    assert error is None
    assert set(blocks.machines(run.path).values()) == {"n1"}
    assert {each.gpu for each in blocks.blocks(run.path)} == {"0", "1"}
    assert {trial.machine for trial in run.trials()} == {"n1"}


def test_what_disturbed_a_block_is_stored_with_it(tmp_path):
    run, _, error = over(tmp_path, 2, keeper=Keeper(), a=Client("pytorch"))
    assert error is None
    found = [each.under.engine_cores for each in blocks.blocks(run.path)]
    assert found == [0.01, 0.02], "it is measured from the beginning of each block"


@pytest.mark.parametrize("kind", [BadInput, CannotRun])
def test_what_would_fail_again_leaves_a_machine_out_at_once(tmp_path, kind):
    client = Dying("pytorch", 99, kind(stored("no data")))
    run, _, error = over(tmp_path, 3, a=Client("pytorch"), b=client)
    assert error is None
    assert len(client.trained) <= 1 or kind is BadInput
    assert counts(run) == dict.fromkeys(range(1, 4), 2)
    assert set(blocks.machines(run.path).values()) == {"a"}


def test_a_runner_that_was_started_again_lost_its_block(tmp_path):
    run, _, error = over(tmp_path, 2, a=Restarted("pytorch"))
    assert error is None
    assert counts(run) == {1: 2, 2: 2}
    assert not any(trial.error for trial in run.trials())


def test_a_job_that_fails_by_itself_is_no_failure_of_its_machine(tmp_path):
    client = Client("pytorch", fails=lambda _: True)
    run, _, error = over(tmp_path, 2, a=client)
    assert error is None
    assert not [each for each in blocks.blocks(run.path) if each.failed]
    assert [trial.framework for trial in run.trials() if trial.error] == ["pytorch"] * 2
    assert len(client.trained) == 2


def test_an_error_that_is_nobodys_ends_it(tmp_path):
    full = OutputError(stored("the disk is full"))
    _, _, error = over(tmp_path, 4, a=Dying("pytorch", 1, full), b=Client("pytorch"))
    assert error is full


def test_until_sure_ends_once_the_interval_is_narrow_enough(tmp_path):
    run, _, error = over(tmp_path, 1, precision=0.5, a=Client("pytorch"), b=Client("pytorch"))
    assert error is None
    assert 6 <= len(counts(run)) <= 8  # one more may have run on each machine
    assert set(counts(run).values()) == {2}


class Late(Client):
    """A runner that is lost in its first job, once ``until`` says so."""

    def __init__(self, framework, until):
        super().__init__(framework)
        self.until = until

    def watch(self, job_id, after=0):
        yield next(super().watch(job_id, after))
        assert self.until.wait(HANG_SECONDS)
        raise RunnerUnavailable(stored("it burns"))


def test_what_fails_once_it_is_certain_enough_does_not_run_again(tmp_path, monkeypatch):
    stopped = threading.Event()

    class Watched(queue.Queue):
        def stop(self):
            super().stop()
            stopped.set()

    monkeypatch.setattr(over_machines, "Queue", Watched)
    late = Late("pytorch", stopped)
    run, said, error = over(tmp_path, 1, precision=0.5, a=Client("pytorch"), b=late)
    assert error is None
    assert set(blocks.machines(run.path).values()) == {"a"}
    assert len(late.trained) == 1
    assert not any("runs again" in text for text in said)
    assert any("needed no more: it burns" in text for text in said)


def test_what_is_done_is_not_run_again(tmp_path):
    client = Client("pytorch")
    run, _, _ = over(tmp_path, 4, done=[1, 3], a=client)
    assert sorted(counts(run)) == [2, 4]
    assert len(client.trained) == 2
