"""Which runner the orchestrator takes, where none was given."""

import os
import platform
import pwd
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import grpc
import pytest
from twinrun.v1 import runner_service_pb2, runner_service_pb2_grpc

from orchestrator.errors import RunnerUnavailable
from orchestrator.runners import finding as found_by
from orchestrator.runners.finding import Runners
from orchestrator.settings.config import Places
from tests.builders.runners import default_port
from tests.waiting import HANG_SECONDS, eventually

LINUX = sys.platform == "linux"
BOTH_VERSIONS = "speaks version 3 of the protocol (Twinrun 9.9.9), this orchestrator version 2"


@pytest.fixture
def find(tmp_path, monkeypatch):
    """Looks for PyTorch's runner where ``address`` is its default; what was taken, and said.

    There is no environment to start one from.
    """

    def find(
        address: str, *, local=False, probe=HANG_SECONDS, **given
    ) -> tuple[str | None, list[str]]:
        default_port(monkeypatch, address.rpartition(":")[2])
        monkeypatch.setattr(found_by, "_PROBE_SECONDS", probe)
        said: list[str] = []
        places = Places(
            given, state_home=tmp_path / "home", environments=tmp_path / "none", local=local
        )
        with closing(Runners(places, said.append)) as runners:
            try:
                return runners.get("pytorch").address, said
            except RunnerUnavailable as error:
                return None, [*said, error.message]

    return find


def test_a_runner_on_its_default_port_is_taken_and_named(find, start):
    runner = start()
    taken, (said,) = find(runner.address)
    assert taken == runner.address
    assert said.startswith(f"pytorch: the runner at {runner.address}")
    if LINUX:  # elsewhere it is not known
        process, user = runner.process.pid, pwd.getpwuid(os.geteuid()).pw_name
        assert f", process {process} of the user {user};" in said
    assert said.endswith("not started by this command: --local starts one of your own")


def test_a_runner_on_its_default_port_is_not_taken_where_only_own_ones_are(find, start):
    taken, (said,) = find(start().address, local=True)
    assert taken is None
    assert "there is no" in said  # environment to start one from


def test_a_runner_that_was_found_and_dies_is_said_to_be_one_that_was_found(
    start, tmp_path, monkeypatch
):
    runner = start()
    default_port(monkeypatch, runner.address.rpartition(":")[2])
    with closing(Runners(Places(state_home=tmp_path / "home"), lambda _: None)) as runners:
        client = runners.get("pytorch")
        known = runners.taken()["pytorch"]
        assert known["host"] == platform.node()
        assert known["started_by_this_command"] is False
        runner.process.kill()
        runner.process.wait()
        with pytest.raises(RunnerUnavailable, match="was found and not started by this command"):
            client.info()


def test_a_runner_on_its_default_port_that_does_not_answer_is_said_to_be_there(find, start):
    runner = start()
    os.kill(runner.process.pid, signal.SIGSTOP)
    try:
        taken, said = find(runner.address, probe=0.2)
    finally:
        os.kill(runner.process.pid, signal.SIGCONT)
    assert taken is None
    assert f"skipped: {runner.address} does not answer within 0.2 s" in said[0]


def test_a_runner_that_still_imports_its_framework_is_taken(find, start):
    runner = start("blocks_in_import")
    assert not runner.stub.GetServerInfo(info_request()).HasField("environment")
    assert find(runner.address)[0] == runner.address


def test_a_runner_that_could_not_import_its_framework_is_passed_over_with_the_reason(find, start):
    runner = start("not_importable")
    assert eventually(lambda: runner.stub.GetServerInfo(info_request()).HasField("import_error"))
    taken, said = find(runner.address)
    assert taken is None
    assert said[0].startswith(f"pytorch: skipped: {runner.address}: ")
    assert "could not be imported" in said[0]
    assert "make setup" in said[1]


def test_a_runner_of_another_protocol_is_passed_over_with_both_versions(find):
    with another_version() as address:
        taken, said = find(address)
    assert taken is None
    assert BOTH_VERSIONS in said[0]


def test_a_given_runner_of_another_protocol_is_refused_with_both_versions(find):
    with another_version() as address:
        taken, said = find("127.0.0.1:1", pytorch=address)
    assert taken is None
    (refused,) = said
    assert BOTH_VERSIONS in refused


def info_request() -> runner_service_pb2.GetServerInfoRequest:
    return runner_service_pb2.GetServerInfoRequest()


@contextmanager
def another_version():
    """The address of a runner of the next version of the protocol."""

    class Servicer(runner_service_pb2_grpc.RunnerServiceServicer):
        def GetServerInfo(self, request, context):  # noqa: N802
            return runner_service_pb2.GetServerInfoResponse(
                framework="pytorch", version="9.9.9", protocol_version=3
            )

    server = grpc.server(ThreadPoolExecutor(2))
    runner_service_pb2_grpc.add_RunnerServiceServicer_to_server(Servicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


def test_a_file_in_the_users_folder_is_not_taken_for_a_module(tmp_path, monkeypatch):
    python = tmp_path / ".venv-pytorch/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (tmp_path / "random.py").write_text("raise SystemExit('not this one')\n")
    monkeypatch.chdir(tmp_path)
    default_port(monkeypatch, 1)  # where none listens
    places = Places(state_home=tmp_path / "home", environments=tmp_path)
    with (
        closing(Runners(places, lambda _: None)) as runners,
        pytest.raises(RunnerUnavailable, match="torch is not installed"),  # so far it comes
    ):
        runners.get("pytorch")
