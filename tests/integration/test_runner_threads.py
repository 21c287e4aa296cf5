"""The number of threads of a job whose spec gives none."""

import pytest
from twinrun.v1 import job_pb2, runner_service_pb2

from services.machine import host
from tests.builders.runners import command, refused
from tests.waiting import eventually

MANY = host.available_cpus() + 1


def info(runner) -> runner_service_pb2.GetServerInfoResponse:
    return runner.stub.GetServerInfo(runner_service_pb2.GetServerInfoRequest())


@pytest.mark.parametrize("given", ["option", "environment"])
def test_a_job_without_threads_gets_the_runners(start, monkeypatch, given):
    if given == "environment":
        monkeypatch.setenv("TWINRUN_THREADS", "1")
    runner = start("good", *(["--threads", "1"] if given == "option" else []))
    assert runner.train(threads=None).spec.threads == 1
    assert eventually(lambda: info(runner).HasField("environment"))
    assert info(runner).environment.threads == 1


def test_without_the_option_it_is_every_cpu(start, monkeypatch):
    monkeypatch.setenv("TWINRUN_THREADS", "")  # as Compose sets what was not given
    assert start().train(threads=None).spec.threads == host.available_cpus()


def test_a_job_with_threads_keeps_its_own(start):
    runner = start("good", "--threads", "1")
    job = runner.train(threads=host.available_cpus())
    assert job.spec.threads == host.available_cpus()
    assert runner.wait(job).state == job_pb2.JOB_STATE_SUCCEEDED


def test_more_threads_than_cpus_are_refused_at_the_start(tmp_path):
    code, said = refused(*command("good", tmp_path / "state", "--threads", str(MANY)))
    assert code == 2
    assert f"argument --threads: is {MANY}; this runner may use {MANY - 1} CPUs" in said


def test_threads_in_the_environment_are_checked_too(tmp_path, monkeypatch):
    monkeypatch.setenv("TWINRUN_THREADS", "none")
    code, said = refused(*command("good", tmp_path / "state"))
    assert code == 2
    assert "argument --threads: invalid" in said
