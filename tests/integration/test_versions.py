"""Two versions of a framework as sides of one comparison: real runners on fake frameworks."""

import json
from contextlib import closing

import pytest
from twinrun.v1 import job_pb2

from orchestrator.actions.compare import ComparisonRequest, train
from orchestrator.actions.repeat import Plan
from orchestrator.errors import RunnerUnavailable
from orchestrator.runners import local
from orchestrator.runners.finding import Runners
from orchestrator.runners.progress import Lines
from orchestrator.settings.config import Places
from orchestrator.trials.sides import Side
from tests.builders.commands import SMALL
from tests.builders.live import Page, ended, live
from tests.builders.runners import default_port, eventually, fake_environment, small_spec

ALIKE = ("pytorch-2.13", "pytorch-2.13.0")


def test_versions_by_address_are_sides_of_one_command_with_a_certificate(orchestrator, start):
    runners = {name: start("of_2_13", name=name).address for name in ALIKE}
    flags = [f"--runner={name}={address}" for name, address in runners.items()]
    done = orchestrator.run("compare", *SMALL, "--epochs=1", *flags)
    said = " ".join(done.stdout.split())
    assert "The same job: in float64" in said
    assert "PyTorch 2.13 and PyTorch 2.13.0 agree" in said
    run = orchestrator.latest()
    found = json.loads((run.path / "comparison.json").read_text())
    assert list(found["frameworks"]) == list(ALIKE)
    page = (run.path / "report.html").read_text()
    assert "make setup TORCH_VERSION=2.13.0" in page
    assert "--side pytorch-2.13 --side pytorch-2.13.0" in page
    again = orchestrator.run("diff", run.path.name, run.path.name)
    assert "PyTorch 2.13.0" in again.stdout
    wrong = [flags[0], f"--runner=pytorch-2.12={runners['pytorch-2.13.0']}"]
    refused = orchestrator.run("compare", *SMALL, "--epochs=1", *wrong, code=3)
    assert "has version 2.13.0 of its framework, not 2.12" in refused.stderr


def test_every_command_that_shows_runners_or_compares_takes_versions(orchestrator, start):
    runners = {name: start("of_2_13", name=name) for name in ALIKE}
    flags = [f"--runner={name}={runner.address}" for name, runner in runners.items()]
    shown = json.loads(orchestrator.run("env", "--json", *flags).stdout)
    assert {name: each["framework_version"] for name, each in shown.items()} == dict.fromkeys(
        ALIKE, "2.13.0+fake"
    )
    wrong = f"--runner=pytorch-2.12={runners[ALIKE[1]].address}"
    refused = orchestrator.run("env", wrong, code=3)
    assert "has version 2.13.0 of its framework, not 2.12" in refused.stderr

    job = runners[ALIKE[1]].train()
    runners[ALIKE[1]].wait(job)
    assert job.job_id in orchestrator.run("jobs", *flags).stdout
    watched = orchestrator.run("watch", job.job_id, *flags[::-1])
    assert "PyTorch 2.13.0: succeeded" in watched.stdout

    done = orchestrator.run("explain", *SMALL, "--pitfall=adam-epsilon", *flags)
    assert "PyTorch 2.13.0" in done.stdout
    assert "after the bias" in " ".join(done.stdout.split())  # what both of them do

    done = orchestrator.run("sweep", *SMALL, "--set=epochs=1,2", "--no-verify", *flags)
    assert "PyTorch 2.13.0" in done.stdout
    resumed = orchestrator.run("resume", "latest", *flags)
    assert "PyTorch 2.13.0" in resumed.stdout


def test_a_job_of_a_version_that_ran_here_is_found_where_it_is_stored(tmp_path):
    places = Places(state_home=tmp_path)
    for name, job in (("pytorch", "pytorch-1"), ("pytorch-2.13.0", "pytorch-2")):
        (tmp_path / name / "jobs" / job).mkdir(parents=True)
    (tmp_path / "pytorch-old" / "jobs" / "pytorch-3").mkdir(parents=True)  # no runner's
    found = {job: local.with_job(job, "pytorch", places) for job in ("pytorch-1", "pytorch-2")}
    assert found == {"pytorch-1": "pytorch", "pytorch-2": "pytorch-2.13.0"}
    for job in ("pytorch-3", "../jobs/pytorch-2", "*"):
        assert local.with_job(job, "pytorch", places) == "pytorch"


def test_the_live_page_follows_versions_and_skips_one_that_is_another(start, tmp_path):
    runner = start("of_2_13")
    given = {"pytorch-2.13": runner.address, "pytorch-2.12": runner.address}
    page = Page()
    with live(tmp_path, *(f"--runner={name}={at}" for name, at in given.items())) as server:
        job = runner.train()
        page.until(server, ended(job.job_id))
    assert page.jobs[job.job_id]["framework"] == "pytorch-2.13"
    connected = {each["label"]: each["connected"] for each in page.overview["runners"]}
    assert connected["PyTorch 2.13"]
    assert "PyTorch 2.12" not in connected


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Where nothing listens, and an environment has another version than its name says."""
    default_port(monkeypatch, 1)
    for name in ("pytorch-2.13.0", "pytorch-2.12.0"):
        fake_environment(tmp_path, "of_2_13", name)
    return Places(state_home=tmp_path / "home", environments=tmp_path)


def test_an_environment_is_started_by_its_version_and_one_that_has_another_is_refused(
    places, tmp_path
):
    made, wrong = (Side("pytorch", version=version) for version in ("2.13.0", "2.12.0"))
    lines: list[str] = []
    request = ComparisonRequest("w", small_spec(), (made, wrong), tmp_path, plan=Plan(1))
    with closing(Runners(places, lines.append)) as runners:
        outcome = train(request, runners, Lines(lines.append))
        assert isinstance(outcome.ended, RunnerUnavailable)
        assert "make setup TORCH_VERSION=2.12.0" in str(outcome.ended.message)
        trials = outcome.comparison.trials.get(wrong.name, ())
        assert not any(trial.epochs for trial in trials)
        assert "pytorch-2.13.0: a local runner, started for this command" in lines
        active = {job_pb2.JOB_STATE_PENDING, job_pb2.JOB_STATE_RUNNING}
        client = runners.get(wrong.name)
        assert eventually(lambda: all(job.state not in active for job in client.jobs()))
        known = r"here: pytorch-2\.12\.0, pytorch-2\.13\.0"
        with pytest.raises(RunnerUnavailable, match=known):
            runners.get("pytorch-2.11.0")
