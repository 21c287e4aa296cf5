"""Runners that hang, vanish or take their time: what a command waits for, and what it says then."""

import json
import math
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import grpc
import pytest
from twinrun.contract.enums import JobState
from twinrun.v1 import job_pb2, runner_service_pb2_grpc

from orchestrator.errors import RunnerUnavailable, TooSlow
from orchestrator.gate.gates import Gates
from orchestrator.runners import watching, wire
from orchestrator.runners.client import Client
from tests.builders.commands import SMALL, Orchestrator, await_epoch
from tests.waiting import eventually

WAIT = 300  # seconds, for what must come


class Open(Gates):
    """Admits whatever comes: this is about when it comes."""

    sequence = 0

    def of(self, job_id, ask, after=None):
        if not self.sequence:
            self.sequence = after or 0
        return self

    def admit(self, event):
        self.sequence = event.sequence
        return event

    def end(self, job):
        """It may."""

    def check(self, job, job_id):
        """As `end`."""


@pytest.fixture(autouse=True)
def _open(request, monkeypatch):
    if "runner" not in request.fixturenames:
        monkeypatch.setattr("orchestrator.runners.wire.Gates", Open)


BEAT = job_pb2.JobEvent(sequence=1, heartbeat=job_pb2.Heartbeat())
FIRST, LAST = (
    job_pb2.JobEvent(sequence=number, state_changed=job_pb2.StateChanged(state=state))
    for number, state in ((1, job_pb2.JOB_STATE_RUNNING), (2, job_pb2.JOB_STATE_SUCCEEDED))
)


class Servicer(runner_service_pb2_grpc.RunnerServiceServicer):
    """Has one job. `over`: set when the test ends, so that nothing waits for ever."""

    def __init__(self):
        self.over = threading.Event()
        self.asked, self.changed = 0, threading.Condition()  # how often for the job

    def WatchJob(self, request, context):  # noqa: N802
        yield from [event for event in self.events() if event.sequence > request.after_sequence]

    def GetJob(self, request, context):  # noqa: N802
        with self.changed:
            self.asked += 1
            self.changed.notify_all()
        return job_pb2.Job(job_id=request.job_id, kind=job_pb2.JOB_KIND_TRAIN)


class Hung(Servicer):
    """As a stopped process: nothing is answered any more."""

    def events(self):
        yield FIRST
        self.over.wait(WAIT)

    def GetJob(self, request, context):  # noqa: N802
        self.over.wait(WAIT)


class Stuck(Servicer):
    """Its stream alone hangs, which had a heart."""

    def WatchJob(self, request, context):  # noqa: N802
        if not request.after_sequence:
            yield FIRST
            yield BEAT
        self.over.wait(WAIT)


class Earlier(Servicer):
    """Of an earlier version, without heartbeats, and silent for long: its job takes its time."""

    def events(self):
        yield FIRST
        with self.changed:
            self.changed.wait_for(lambda: self.asked >= 2 or self.over.is_set(), WAIT)
        yield LAST


class Slow(Servicer):
    """On an overloaded machine: the third question is answered."""

    def GetJob(self, request, context):  # noqa: N802
        job = super().GetJob(request, context)
        if self.asked < 3:
            self.over.wait(WAIT)
        return job


class Sound(Servicer):
    def events(self):
        yield from (FIRST, BEAT, BEAT, LAST)


@pytest.fixture
def impatient(monkeypatch):
    """A fifth of a second is long."""
    monkeypatch.setattr(watching, "_SILENT_SECONDS", 0.2)
    monkeypatch.setattr(wire, "_CALL_SECONDS", 0.2)


@contextmanager
def serving(servicer, tell=lambda _: None):
    server = grpc.server(ThreadPoolExecutor(8))
    runner_service_pb2_grpc.add_RunnerServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with closing(Client("pytorch", f"127.0.0.1:{port}", tell=tell)) as client:
            yield client
    finally:
        with servicer.changed:
            servicer.over.set()
            servicer.changed.notify_all()
        server.stop(None).wait()


@pytest.mark.parametrize("servicer", [Hung, Stuck])
def test_a_runner_that_hangs_is_told_in_a_sentence_with_what_was_waited_for(impatient, servicer):
    with serving(servicer()) as client, pytest.raises(RunnerUnavailable) as told:
        list(client.watch("the-job"))
    assert "hangs: in the middle of the job the-job it sent nothing for 0.2 s" in told.value.message


def test_a_silent_runner_that_answers_is_not_taken_for_hung(monkeypatch):
    monkeypatch.setattr(watching, "_SILENT_SECONDS", 0.2)
    with serving(Earlier()) as client:
        assert list(client.watch("the-job")) == [FIRST, LAST]


def test_a_slow_runner_is_waited_for_and_that_is_said(monkeypatch):
    monkeypatch.setattr(wire, "_CALL_SECONDS", 1.0)
    monkeypatch.setattr(wire, "_TRIES", WAIT)
    said = []
    with serving(Slow(), said.append) as client:
        assert client.job("the-job").job_id == "the-job"
        address = client.address
    assert said[0] == (
        f"pytorch: the runner at {address} has not answered for 1 s, as on an overloaded machine; "
        f"waiting on, for at most {WAIT} s"
    )
    assert len(said) >= 2


def test_a_runner_that_never_answers_is_said_to_be_there_all_the_same(impatient):
    with serving(Hung()) as client, pytest.raises(TooSlow) as told:
        client.job("the-job")
    assert "takes connections but has not answered within 1 s" in told.value.message


def test_heartbeats_are_heard_by_the_client_alone():
    with serving(Sound()) as client:
        assert list(client.watch("the-job")) == [FIRST, LAST]


def test_a_limit_that_is_set_meanwhile_ends_what_is_waited_for_and_can_be_taken_back(monkeypatch):
    monkeypatch.setattr(watching, "_SILENT_SECONDS", 1e6)  # so that nothing else does
    with serving(Stuck()) as client:
        events = client.watch("the-job")
        next(events)
        client.limit(0.2)
        with pytest.raises(RunnerUnavailable, match="did not end the job the-job in time"):
            list(events)
        client.limit(math.inf)
        assert client.job("the-job").job_id == "the-job"


def test_a_runner_tells_that_it_lives_where_nothing_else_happens(start):
    runner = start("blocks")
    job = runner.train()
    beat = next(event for event in runner.watch_all(job) if event.HasField("heartbeat"))
    assert beat.sequence == runner.get(job).last_sequence
    assert not any("heartbeat" in line for line in runner.log(job))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_interrupt_is_enough_where_the_runner_hangs(tmp_path, start, number):
    orchestrator = Orchestrator(tmp_path)
    runner = start("slow")
    process = orchestrator.start(
        "train", "--framework=pytorch", *SMALL, "--epochs=500", f"--pytorch={runner.address}"
    )
    await_epoch(orchestrator, process)
    os.kill(runner.process.pid, signal.SIGSTOP)
    try:
        process.send_signal(number)
        _, stderr = process.communicate(timeout=WAIT)
    finally:
        process.kill()
        os.kill(runner.process.pid, signal.SIGCONT)
    assert process.returncode == 130, stderr
    assert "waiting for the PyTorch runner to cancel, at most 10 s" in stderr
    assert "Traceback" not in stderr
    run = orchestrator.latest()
    assert run.trials()[0].state is JobState.RUNNING
    assert (run.path / "comparison.json").exists()
    assert (run.path / "report.html").exists()


def test_a_runner_lost_in_the_second_of_three_pairs_leaves_the_first_judged(tmp_path, start):
    orchestrator = Orchestrator(tmp_path)
    runners = [start("slow", framework=name, name=name) for name in ("pytorch", "tensorflow")]
    flags = (f"--pytorch={runners[0].address}", f"--tensorflow={runners[1].address}")
    small = (*SMALL, "--train-limit=300", "--epochs=1", "--repeats=3", "--same-seed", "--no-verify")
    process = orchestrator.start("compare", *small, *flags, module="orchestrator")

    def second_pair_runs():
        assert process.poll() is None, process.communicate()
        return any("-2." in p.name for p in orchestrator.output.glob("*/events/*.jsonl"))

    assert eventually(second_pair_runs)
    for runner in runners:  # whichever is on
        runner.process.kill()
    stdout, stderr = process.communicate(timeout=WAIT)
    assert process.returncode == 3, stderr
    assert "Traceback" not in stderr
    assert "runner at 127.0.0.1" in stderr.splitlines()[-1]
    run = orchestrator.latest()
    found = json.loads((run.path / "comparison.json").read_text())
    assert found["verdict"]["pairs"] == 1
    assert found["finding"] in " ".join(stdout.split())
    assert run.page_path.exists()
    assert (run.path / "figures/overview.png").exists()
    assert {trial.number for trial in run.trials()} == {1, 2}  # none was begun in vain
    kept = json.loads((run.path / "runners.json").read_text())
    assert kept["pytorch"]["address"] == runners[0].address
    assert kept["pytorch"]["started_by_this_command"] is False
    assert kept["pytorch"]["pid"] in (runners[0].process.pid, None)  # None: not on Linux


def test_a_renderer_that_cannot_live_ends_no_trial_and_is_told_at_the_end(tmp_path, start):
    orchestrator = Orchestrator(tmp_path)
    runner = start()
    script = (
        "from orchestrator.cli import main\nfrom orchestrator.figures import renderer\n"
        "renderer._environment = lambda: {'PYTHONHOME': '/none'}\n"
        "main.main()\n"
    )
    flags = ("--framework=pytorch", *SMALL, "--epochs=1", f"--pytorch={runner.address}")
    done = subprocess.run(
        [sys.executable, "-c", script, "train", *flags],
        cwd=tmp_path,
        env=orchestrator.env,
        capture_output=True,
        text=True,
        timeout=WAIT,
        check=False,
    )
    assert done.returncode == 5, done.stderr
    assert "The measurements are kept: draw them with `orchestrator report`" in done.stderr
    assert "PyTorch ran alone" in done.stdout
    run = orchestrator.latest()
    assert run.trials()[0].state is JobState.SUCCEEDED
    assert run.page_path.exists()
    assert (run.path / "comparison.json").exists()
    orchestrator.run("report", "latest", module="orchestrator")
    assert (run.path / "figures/overview.png").exists()
