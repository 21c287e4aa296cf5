"""Containers that other machines may reach: over TLS, and not otherwise."""

import pytest

from orchestrator.actions.access import tokens
from tests.builders.certificates import Authority
from tests.e2e.containers import PORTS, ROOT, SMALL, container, inspect, make, run
from tests.waiting import eventually

EVERYWHERE = {"TWINRUN_BIND": "0.0.0.0"}


def test_without_tls_a_runner_is_not_published_to_others(down):
    said = make("up-tensorflow", code=2, **EVERYWHERE).stderr
    assert "TWINRUN_BIND is 0.0.0.0: beyond this machine, the runners need TLS" in said
    assert not container("tensorflow")
    run(["docker", "compose", "up", "--detach", "--no-build", "tensorflow"], **EVERYWHERE)
    assert eventually(lambda: inspect(container("tensorflow"))["State"]["Status"] == "exited")
    assert inspect(container("tensorflow"))["State"]["ExitCode"] == 6
    assert "0.0.0.0:50052 can be reached from other machines" in docker_log("tensorflow")


def docker_log(service: str) -> str:
    done = run(["docker", "logs", container(service)])
    return done.stdout + done.stderr


@pytest.fixture
def certs(tmp_path):
    ca = Authority(tmp_path / "certs")
    ca.runner()
    return ca


def test_with_tls_it_is_and_asks_who_calls(down, certs, orchestrator):
    said = make("up-tensorflow", TLS=str(certs.folder), **EVERYWHERE)
    assert "Twinrun 0." in said.stdout, "whoever may enter the container needs no certificate"
    found = inspect(container("tensorflow"))
    (binding,) = found["HostConfig"]["PortBindings"]["50052/tcp"]
    assert binding["HostIp"] == "0.0.0.0"
    assert "PRIVATE KEY" not in str(found)
    assert (ROOT / "build/secrets").stat().st_mode & 0o077 == 0
    train = ("train", "--framework=tensorflow", *SMALL)
    address = f"--tensorflow=localhost:{PORTS['tensorflow']}"
    assert "speaks TLS" in orchestrator(*train, address, code=2).stderr
    orchestrator(*train, address, f"--tls={certs.client('x')}")
    assert "Train by x from" in docker_log("tensorflow")


def test_a_file_of_tokens_in_the_folder_says_who_may_do_what(down, certs, orchestrator):
    made = {role: tokens.new(role, role) for role in ("watch", "run")}
    known = certs.folder / "tokens"
    known.touch(0o600)
    known.write_text("".join(f"{token.line}\n" for token in made.values()))
    make("up-tensorflow", TLS=str(certs.folder))
    address = f"--tensorflow=localhost:{PORTS['tensorflow']}"

    def train(name: str, code: int) -> str:
        client = certs.client(name, token=made[name].text if name in made else None)
        command = ("train", "--framework=tensorflow", *SMALL, address, f"--tls={client}")
        return orchestrator(*command, code=code).stderr

    assert "no line for the certificate of nobody" in train("nobody", 2)
    assert "the role watch may not call Train" in train("watch", 2)
    train("run", 0)
