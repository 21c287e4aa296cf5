"""A runner over TLS: who gets in, who does not and why, and what changes in the middle of a job.

TWINRUN_FUZZED says how many random requests are sent by a client, and by somebody without a token.
"""

import json
import os
import random
import socket
import ssl
import warnings
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from twinrun.v1 import job_pb2, runner_service_pb2, runner_service_pb2_grpc

from orchestrator.actions.access import tokens
from orchestrator.errors import BadInput
from orchestrator.runners import secure
from orchestrator.runners.client import Client
from orchestrator.settings import trust
from services.access.guard import MOST_CALLS
from services.access.roles import NEEDED, Role
from tests.builders.certificates import DAY, Authority, signed
from tests.builders.commands import SMALL
from tests.builders.runners import by_name, small_spec
from tests.integration import fake_runner
from tests.waiting import HANG_SECONDS, eventually

CODES = grpc.StatusCode
WATCHER, USER = tokens.new("alice", "watch"), tokens.new("bob", "run")
FUZZED = int(os.environ.get("TWINRUN_FUZZED", "300"))  # requests of each kind of client
STREAMED = {"UploadBlob", "ServerReflectionInfo"}  # by the client


@pytest.fixture
def ca(tmp_path):
    return Authority(tmp_path / "ca")


@pytest.fixture
def identities(tmp_path):
    path = tmp_path / "tokens"
    path.touch(0o600)
    path.write_text(f"{WATCHER.line}\n{USER.line}\n")
    return path


def client(runner, folder) -> Client:
    return Client("pytorch", by_name(runner), trust=trust.read(folder))


def refused(runner, folder) -> str:
    asking = client(runner, folder)
    with pytest.raises(BadInput) as caught:
        asking.info()
    asking.close()
    return str(caught.value.message)


def methods():
    """Each method of each service, as one calls it: service, name and a request."""
    for module, stub in (
        (runner_service_pb2, runner_service_pb2_grpc.RunnerServiceStub),
        (health_pb2, health_pb2_grpc.HealthStub),
        (reflection_pb2, reflection_pb2_grpc.ServerReflectionStub),
    ):
        for service in module.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                request = getattr(module, method.input_type.name)()
                yield f"/{service.full_name}/{method.name}", stub, method.name, request


def code_of(channel, stub, name, request, metadata=()) -> grpc.StatusCode:
    """What the method answers: OK if it lets the call in, and takes it."""
    sent = iter([request]) if name in STREAMED else request
    try:
        answer = getattr(stub(channel), name)(sent, metadata=metadata, timeout=HANG_SECONDS)
        if hasattr(answer, "cancel"):
            next(answer, None)
            answer.cancel()
    except grpc.RpcError as error:
        return error.code()
    return CODES.OK


@pytest.mark.parametrize("token", [None, "wrong", WATCHER.text], ids=["none", "wrong", "watch"])
def test_every_method_of_every_service_asks_who_calls(monkeypatch, start, ca, identities, token):
    role = Role.WATCH if token == WATCHER.text else Role.NONE
    monkeypatch.setenv(fake_runner.AT_ONCE, "1")
    runner = start("good", *ca.runner(), f"--tokens={identities}")
    open_channel = secure.channel(by_name(runner), trust.read(ca.client("x", bare=True)))
    metadata = () if token is None else (("authorization", f"Bearer {token}"),)
    with open_channel as channel:
        for method, stub, name, request in methods():
            code = code_of(channel, stub, name, request, metadata)
            if role is Role.NONE:
                assert code is CODES.UNAUTHENTICATED, method
            elif NEEDED[method] > role:
                assert code is CODES.PERMISSION_DENIED, method
            else:
                assert code not in {CODES.UNAUTHENTICATED, CODES.PERMISSION_DENIED}, method
    assert not list((runner.state_dir / "jobs").iterdir()), "nothing was run"
    log = runner.stderr
    assert "refused: /twinrun.v1.RunnerService/" in log
    for secret in (WATCHER.text, USER.text, "wrong"):
        assert secret not in log


def test_random_requests_all_end_in_a_status_that_is_foreseen(monkeypatch, start, ca, identities):
    monkeypatch.setenv(fake_runner.AT_ONCE, "1")
    runner = start("good", *ca.runner(), f"--tokens={identities}")
    chance = random.Random(1)
    folders = [ca.client("bob", bare=True, token=USER.text), ca.client("nobody", bare=True)]
    found = set()
    for folder in folders:
        with secure.channel(by_name(runner), trust.read(folder)) as channel:
            for _ in range(FUZZED):
                method, name = chance.choice([(m, name) for m, _, name, _ in methods()])
                content = chance.randbytes(chance.choice([0, 1, 5, 50, 500]))
                found.add(code_of(channel, lambda c, m=method: Raw(c, m), name, content))
    foreseen = {CODES.OK, CODES.INVALID_ARGUMENT, CODES.NOT_FOUND, CODES.UNAUTHENTICATED}
    assert found <= foreseen
    assert found >= {CODES.INVALID_ARGUMENT, CODES.UNAUTHENTICATED}
    assert "Traceback" not in runner.stderr
    asking = client(runner, folders[0])
    assert asking.info().framework == "pytorch"
    asking.close()


class Raw:
    """A stub of one method, which takes bytes."""

    def __init__(self, channel, method):
        name = method.rpartition("/")[2]
        kind = "stream_unary" if name == "UploadBlob" else "unary_unary"
        kind = "unary_stream" if name in {"WatchJob", "Watch"} else kind
        kind = "stream_stream" if name == "ServerReflectionInfo" else kind
        call = getattr(channel, kind)(method, request_serializer=bytes)
        setattr(self, name, call)


def peak_bytes(runner) -> int:
    status = Path(f"/proc/{runner.process.pid}/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def test_a_large_request_of_nobodys_is_not_read(start, ca, identities):
    runner = start("good", *ca.runner(), f"--tokens={identities}")
    before = peak_bytes(runner)
    request = runner_service_pb2.EvaluateRequest(safetensors=bytes(300 * 2**20))
    stub = runner_service_pb2_grpc.RunnerServiceStub
    with secure.channel(by_name(runner), trust.read(ca.client("x", bare=True))) as channel:
        assert code_of(channel, stub, "Evaluate", request) is CODES.UNAUTHENTICATED
    assert peak_bytes(runner) - before < 100 * 2**20


WRONG = {  # what the runner's certificate is, and what is said of it
    "another host's": (lambda ca: signed("r", ca, hosts=("elsewhere",)), "is another host's"),
    "expired": (lambda ca: signed("r", ca, ends=-DAY / 2), "has expired"),
    "not yet valid": (lambda ca: signed("r", ca, begins=DAY / 2), "is not valid yet"),
    "self-signed": (lambda _: signed("r", None), "a certificate that it signed itself"),
    "of another CA": (
        lambda _: signed("r", signed("other", None, ca=True)),
        "was not signed by the CA of",
    ),
    "a client's": (lambda ca: signed("r", ca, client=True), "is not accepted: unsuitable"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_with_a_runners_certificate_is_said(start, ca, kind):
    make, said = WRONG[kind]
    runner = start("good", *ca.runner(make(ca.ca)), ca.asks)
    assert said in refused(runner, ca.client("x"))


def test_what_is_wrong_with_a_clients_certificate_is_said(start, ca, tmp_path):
    runner = start("good", *ca.runner(), ca.asks)
    other = Authority(tmp_path / "other").ca
    expired = signed("x", ca.ca, client=True, ends=-DAY / 2)
    assert "asks for a certificate of its clients" in refused(runner, ca.client("a", bare=True))
    for name, made in (
        ("b", expired),
        ("c", signed("x", other, client=True)),
        ("d", signed("x", ca.ca)),  # as a runner's is
    ):
        said = refused(runner, ca.client(name, made))
        assert "does not accept this side's certificate" in said
    asking = client(runner, ca.client("e"))
    assert asking.info().framework == "pytorch"
    asking.close()


def test_tls_on_one_side_alone_is_said(start, ca):
    plain, secured = start(), start("good", *ca.runner(), ca.asks, name="secured")
    assert "does not speak TLS" in refused(plain, ca.client("x"))
    asking = Client("pytorch", by_name(secured))
    with pytest.raises(BadInput, match="speaks TLS: give --tls the folder"):
        asking.info()
    asking.close()


def test_an_old_protocol_is_refused(start, ca):
    runner = start("good", *ca.runner(), ca.asks)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    port = int(runner.address.rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        pytest.raises(ssl.SSLError),
        context.wrap_socket(plain),
    ):
        pass


def test_what_changes_in_the_middle_of_a_job_ends_nothing_and_then_holds(start, ca, identities):
    runner = start("gated", *ca.runner(), f"--tokens={identities}")
    user = client(runner, ca.client("bob", bare=True, token=USER.text))
    watcher = client(runner, ca.client("alice", bare=True, token=WATCHER.text))
    job = user.train(user.validate(small_spec(epochs=2)), "one")
    events = watcher.watch(job.job_id)
    assert any(event.HasField("epoch_finished") for event in events), "the first one"
    newer = tokens.new("alice", "watch")
    identities.write_text(f"{newer.line}\n")
    ca.runner(signed("another", ca.ca))
    asked = client(runner, ca.client("new", bare=True, token=newer.text))
    assert asked.job(job.job_id).submitted_by == "bob"
    assert eventually(lambda: "certificate read again" in runner.stderr)
    for old in (user, watcher):
        with pytest.raises(BadInput, match="The token is not known to this runner, or no longer"):
            old.job(job.job_id)
    (ca.folder / "alice" / trust.TOKEN).write_text(newer.text)  # each call sends the token of now
    runner.open("epoch-1")
    assert [event for event in events if event.HasField("epoch_finished")], "the second one"
    assert asked.job(job.job_id).state == job_pb2.JOB_STATE_SUCCEEDED
    for each in (user, watcher, asked):
        each.close()
    log = runner.stderr
    assert "Train by bob from ipv4:127.0.0.1:" in log
    assert job.job_id in log


def test_a_caller_may_watch_so_often_and_another_still_may(start, ca, identities):
    runner = start("gated", *ca.runner(), f"--tokens={identities}")
    user = client(runner, ca.client("bob", bare=True, token=USER.text))
    job = user.train(user.validate(small_spec(epochs=2)), "one")
    trusted = trust.read(ca.client("alice", bare=True, token=WATCHER.text))
    with secure.channel(by_name(runner), trusted) as channel:
        stub = runner_service_pb2_grpc.RunnerServiceStub(channel)
        request = runner_service_pb2.WatchJobRequest(job_id=job.job_id)
        watching = [stub.WatchJob(request) for _ in range(MOST_CALLS)]
        for each in watching:
            next(each)
        assert code_of(channel, type(stub), "WatchJob", request) is CODES.RESOURCE_EXHAUSTED
        assert user.job(job.job_id).job_id == job.job_id
        for each in watching:
            each.cancel()
    runner.open("epoch-1")
    user.close()


def test_the_commands_that_make_them_and_those_that_use_them(orchestrator, start, tmp_path):
    made = orchestrator.run("certs", "new", str(tmp_path / "certs"), "--host=gpu-machine")
    assert "ca-key.pem: keep it where neither reaches it" in made.stdout
    again = orchestrator.run("certs", "new", str(tmp_path / "certs"), "--host=gpu-machine", code=2)
    assert "has ca.pem, ca-key.pem" in again.stderr
    bad = orchestrator.run("certs", "new", str(tmp_path / "c"), "--host=a_b", "--host=-c", code=2)
    assert "--host is 'a_b', '-c'" in bad.stderr
    said = json.loads(orchestrator.run("token", "new", "--name=dan", "--role=run", "--json").stdout)
    folder = tmp_path / "certs"
    (folder / trust.TOKEN).touch(0o600)
    (folder / trust.TOKEN).write_text(said["token"])
    (tmp_path / "tokens").touch(0o600)
    (tmp_path / "tokens").write_text(said["line"])
    runner = start(
        "good",
        *(f"--tls-cert={folder / 'runner.pem'}", f"--tls-key={folder / 'runner-key.pem'}"),
        *(f"--tls-client-ca={folder / 'ca.pem'}", f"--tokens={tmp_path / 'tokens'}"),
    )
    train = ("train", "--framework=pytorch", *SMALL, f"--pytorch={by_name(runner)}")
    assert "speaks TLS" in orchestrator.run(*train, code=2).stderr
    orchestrator.run(*train, f"--tls=pytorch={folder}")
    listed = orchestrator.run("jobs", f"--pytorch={by_name(runner)}", TWINRUN_TLS=str(folder))
    assert "dan" in listed.stdout
    (folder / "client-key.pem").chmod(0o644)
    assert "chmod 600" in orchestrator.run(*train, f"--tls={folder}", code=2).stderr
