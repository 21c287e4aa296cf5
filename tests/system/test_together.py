"""Two machines that train one job, by real runners: certified, planted against, and killed."""

import os
import signal
import subprocess
import uuid
from contextlib import ExitStack, contextmanager

import pytest
from twinrun.contract.enums import JobState

from orchestrator.storage import shelf
from tests.builders.runners import marked
from tests.builders.served import ROOT, data_dir
from tests.waiting import HANG_SECONDS, eventually

FIRST, SECOND = "first", "second"
WITH_JAX = (ROOT / ".venv-jax/.runner").exists()
FRAMEWORKS = ("pytorch", "tensorflow", *(["jax"] if WITH_JAX else []))
# The last batch has 21 samples, of which the machines have 11 and 10.
SMALL = ("--workload=synthetic-mlp", "--train-limit=341", "--devices=2", "--threads=1")
ENDLESS = (*SMALL, "--epochs=10000", "--no-verify")


class Runner:
    """A runner on this computer in place of another machine's."""

    def __init__(self, state, framework, module):
        self.mark = f"TWINRUN_TEST={uuid.uuid4()}"
        state.mkdir(parents=True)
        name, value = self.mark.split("=")
        with (state / "runner.log").open("w") as log:
            self.process = subprocess.Popen(
                [
                    *(ROOT / f".venv-{framework}/bin/python", "-m", module),
                    *(f"--framework={framework}", "--listen=127.0.0.1:0", "--allow-together"),
                    *(f"--state-dir={state}", f"--data-dir={data_dir()}"),
                ],
                cwd=ROOT,
                env={**os.environ, name: value},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        address = state / "address"
        assert eventually(lambda: address.exists() or self.process.poll() is not None)
        assert address.exists(), (state / "runner.log").read_text()
        self.address = address.read_text()

    @property
    def trials(self):
        """The processes of its jobs."""
        return [pid for pid in marked(self.mark) if pid != self.process.pid]

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(HANG_SECONDS)


@pytest.fixture
def start(home, tmp_path):
    """Start a runner, which ends with the test."""
    with ExitStack() as exits:

        def start(name, framework, module="services.server"):
            runner = Runner(tmp_path / name / framework, framework, module)
            exits.callback(runner.stop)
            return runner

        yield start


def hosts(home, **machines):
    """Write the file of machines, each with its runners by framework; return its flag."""
    tables = {
        name: [f'{framework} = "{runner.address}"' for framework, runner in runners.items()]
        for name, runners in machines.items()
    }
    lines = [line for name, of in tables.items() for line in (f"[hosts.{name}]", *of)]
    (home / "hosts.toml").write_text("\n".join(lines))
    return "--over=hosts.toml"


def test_the_frameworks_do_the_same_job(orchestrator, home, start):
    machines = {name: {each: start(name, each) for each in FRAMEWORKS} for name in (FIRST, SECOND)}
    named = f"--frameworks={','.join(FRAMEWORKS)}"
    done = orchestrator("verify", *SMALL, named, hosts(home, **machines))
    assert done.stdout.count("The same job") == len(FRAMEWORKS) - 1


def test_a_machines_own_mean_is_not_the_same_job(orchestrator, home, start):
    planted = "tests.system.own_mean"
    machines = {name: {"pytorch": start(name, "pytorch", planted)} for name in (FIRST, SECOND)}
    asked = ("verify", *SMALL, "--frameworks=pytorch", "--devices=1,2")
    refused = orchestrator(*asked, hosts(home, **machines), code=6)
    assert "the losses differ by" in " ".join(refused.stdout.split())


@contextmanager
def endless(orchestrator, home, start, framework):
    """A job that does not end, on both machines: the command, the runners, and the run."""
    runners = [start(name, framework) for name in (FIRST, SECOND)]
    file = hosts(home, **{n: {framework: r} for n, r in zip((FIRST, SECOND), runners, strict=True)})
    before = shelf.runs(home / "runs")
    process = orchestrator.start("compare", f"--aa={framework}", *ENDLESS, file)

    def has_epoch():
        new = [run for run in shelf.runs(home / "runs") if run not in before]
        return any(trial.epochs for run in new for trial in run.trials())

    try:
        assert eventually(lambda: has_epoch() or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        yield process, runners
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_trial_that_is_killed_fails_with_its_machines_name(orchestrator, home, start, framework):
    with endless(orchestrator, home, start, framework) as (process, runners):
        for pid in runners[1].trials:
            os.kill(pid, signal.SIGKILL)
        run = shelf.find("latest", home / "runs")
        assert eventually(lambda: run.trials()[0].state is JobState.FAILED)
        said = "On the machine second: The job's process was killed by signal 9"
        assert run.trials()[0].error.message.startswith(said)
        process.send_signal(signal.SIGINT)  # the other side's trial has begun meanwhile
        _, stderr = process.communicate(timeout=HANG_SECONDS)
        assert process.returncode == 130, stderr
        assert said in stderr
        assert eventually(lambda: not any(r.trials for r in runners)), "a part goes on"


def test_a_runner_that_is_killed_ends_the_command_with_its_machines_name(orchestrator, home, start):
    with endless(orchestrator, home, start, "pytorch") as (process, runners):
        runners[1].stop(signal.SIGKILL)
        _, stderr = process.communicate(timeout=HANG_SECONDS)
        assert process.returncode == 3, stderr
        assert "On the machine second: The pytorch runner at" in stderr
        assert eventually(lambda: not any(r.trials for r in runners)), "a part goes on"
