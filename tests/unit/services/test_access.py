"""Who may call a runner: identities, roles by method, limits."""

import argparse
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from twinrun.v1 import runner_service_pb2

from orchestrator.actions.access import authority, tokens
from orchestrator.runners import secure
from orchestrator.settings import trust
from services.access import credentials, failures, reach
from services.access.faults import AccessFault
from services.access.guard import MOST_CALLS, Guard
from services.access.identities import IdentitiesFile, read
from services.access.quota import Quota
from services.access.roles import NEEDED, Caller, Role
from services.errors import Forbidden, QuotaExceeded, TooManyCalls, Unauthenticated
from tests.waiting import HANG_SECONDS, Clock

GET, TRAIN = ("/twinrun.v1.RunnerService/" + name for name in ("GetJob", "Train"))
CHECK = "/grpc.health.v1.Health/Check"
ALICE, BOB = tokens.new("alice", "watch"), tokens.new("bob", "run")


class Call:
    """A call's context. ``certificate``: the client's name in it."""

    def __init__(self, token: str | None = None, certificate: str | None = None) -> None:
        self.sent = [] if token is None else [("authorization", f"Bearer {token}")]
        self.names = {} if certificate is None else {"x509_common_name": [certificate.encode()]}

    def invocation_metadata(self):
        return self.sent

    def auth_context(self):
        return self.names

    def peer(self):
        return "ipv4:192.0.2.1:5555"

    def add_callback(self, _callback):
        return False  # it has gone: nobody waits


@pytest.fixture
def write(tmp_path):
    def write(*lines):
        path = tmp_path / "tokens"
        path.touch(0o600)
        path.write_text("\n".join(lines))
        return path

    return write


@pytest.fixture
def guard(write):
    lines = (ALICE.line, BOB.line, "carol watch certificate  # a student", "")
    return Guard(IdentitiesFile(write(*lines)), certificates=True, upload_bytes=10)


def test_every_method_of_every_service_is_classified():
    services = [
        service
        for file in (runner_service_pb2, health_pb2, reflection_pb2)
        for service in file.DESCRIPTOR.services_by_name.values()
    ]
    assert set(NEEDED) == {
        f"/{s.full_name}/{method.name}" for s in services for method in s.methods
    }


@pytest.mark.parametrize(
    ("call", "name", "role"),
    [
        (Call(ALICE.text), "alice", Role.WATCH),
        (Call(BOB.text, "carol"), "bob", Role.RUN),  # the token is the narrower proof
        (Call(certificate="carol"), "carol", Role.WATCH),
    ],
)
def test_a_caller_is_known_by_token_or_certificate(guard, call, name, role):
    assert guard.caller(call) == Caller(name, role)
    with guard.admitted(GET, call) as caller:
        assert caller.name == name
    if role is Role.RUN:
        with guard.admitted(TRAIN, call):
            return
    with pytest.raises(Forbidden, match=f"{name}: the role watch may not call Train"):
        guard.admitted(TRAIN, call).__enter__()


@pytest.mark.parametrize(
    "call",
    [
        Call("x"),
        Call(ALICE.line.split()[2]),
        Call(certificate="mallory"),
        Call(),
        Call("", "carol"),
    ],
)
@pytest.mark.parametrize("method", NEEDED)
def test_nobody_else_may_do_anything(guard, call, method):
    with pytest.raises(Unauthenticated), guard.admitted(method, call):
        pass


def test_a_method_that_nobody_classified_is_closed(guard):
    with pytest.raises(Forbidden), guard.admitted("/twinrun.v1.RunnerService/New", Call(BOB.text)):
        pass


def test_open_health_is_open_and_nothing_else_is(write):
    guard = Guard(IdentitiesFile(write(BOB.line)), open_health=True)
    assert not guard.turns_away(CHECK, [])
    with guard.admitted(CHECK, Call()):
        pass
    assert guard.turns_away(GET, [])
    assert guard.turns_away(GET, [("authorization", BOB.text)])
    assert not guard.turns_away(GET, [("authorization", f"Bearer {BOB.text}")])


def test_without_a_file_a_certificate_may_do_all():
    guard = Guard(certificates=True)
    assert guard.caller(Call(certificate="carol")) == Caller("carol", Role.RUN)
    with pytest.raises(Unauthenticated):
        guard.caller(Call("a token", "carol"))


def test_a_file_that_changes_is_read_again_and_one_that_is_wrong_changes_nothing(write):
    path = write(ALICE.line)
    file = IdentitiesFile(path)
    path.write_text("nonsense\n")
    assert file.known().of_token(ALICE.text)
    path.write_text(f"{BOB.line}\n# alice has gone\n")
    assert file.known().of_token(BOB.text)
    assert not file.known().of_token(ALICE.text)


def test_every_wrong_line_is_named_at_once(write):
    digest = "0" * 64
    lines = ("a b", "bad/name run " + digest, "x walk " + digest, "y run 12", "z run " + digest)
    with pytest.raises(AccessFault) as caught:
        read(write(*lines, "zz run " + digest))
    assert [f"line {n}" in str(caught.value) for n in range(1, 8)] == [
        *[True] * 4,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_reach_is_refused(write, mode):
    path = write(ALICE.line)
    path.chmod(mode)
    with pytest.raises(AccessFault, match="chmod 600"):
        read(path)


def test_a_caller_has_so_many_calls_open_and_no_more(guard):
    with ExitStack() as open_calls:
        for _ in range(MOST_CALLS):
            open_calls.enter_context(guard.admitted(GET, Call(ALICE.text)))
        with pytest.raises(TooManyCalls), guard.admitted(GET, Call(ALICE.text)):
            pass
        with guard.admitted(GET, Call(BOB.text)):
            pass
    with guard.admitted(GET, Call(ALICE.text)):
        pass


def test_each_further_failure_is_answered_later_and_told_of_less_often():
    clock, waited = Clock(), []
    found = failures.Failures(clock.monotonic, lambda _call, seconds: waited.append(seconds))
    told = [found.holds(Call()) for _ in range(8)]
    assert waited == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert told == [True, *[False] * 7]
    clock.move(31)
    assert found.holds(Call()), "the last delay has ended"
    clock.move(61)
    found.holds(Call())
    assert waited[-2:] == [30, 0.5], "as long again without a failure, and it begins anew"


def test_an_upload_goes_as_far_as_the_quota_of_a_day(guard):
    clock = Clock()
    quota, alice = Quota(10, clock.monotonic), Caller("alice", Role.RUN)
    assert list(quota.counted(alice, [b"1234", b"123456"]))
    with pytest.raises(QuotaExceeded, match="alice has uploaded 10 bytes"):
        list(quota.counted(alice, [b"1"]))
    assert list(quota.counted(Caller("bob", Role.RUN), [b"1"]))
    assert list(quota.counted(Caller("", Role.RUN), [b"1" * 100])), "nobody is asked for a name"
    clock.move(86_401)
    assert list(quota.counted(alice, [b"1"]))


@pytest.mark.parametrize(
    ("listen", "published", "given", "fault"),
    [
        ("127.0.0.1:1", None, "", None),
        ("localhost:1", None, "", None),
        ("[::1]:1", None, "", None),
        ("0.0.0.0:1", None, "", "has not TLS"),
        ("[::]:1", None, "", "has not TLS"),
        ("no-such-host.invalid:1", None, "", "has not TLS"),
        ("0.0.0.0:1", None, "insecure", None),
        ("0.0.0.0:1", "127.0.0.1", "", None),
        ("127.0.0.1:1", "0.0.0.0", "", "has not TLS"),
        ("0.0.0.0:1", None, "tls_cert tls_key", "has not a way to tell who calls"),
        ("0.0.0.0:1", None, "tls_cert tls_key insecure", None),
        ("0.0.0.0:1", None, "tls_cert tls_key tokens", None),
        ("0.0.0.0:1", None, "tls_cert tls_key tls_client_ca", None),
        ("127.0.0.1:1", None, "tls_cert", "go together"),
        ("127.0.0.1:1", None, "tls_key", "go together"),
        ("127.0.0.1:1", None, "tokens", "need TLS"),
        ("127.0.0.1:1", None, "tls_client_ca insecure", "need TLS"),
    ],
)
def test_a_runner_is_closed_by_default(monkeypatch, listen, published, given, fault):
    monkeypatch.delenv(reach.PUBLISHED, raising=False)
    if published:
        monkeypatch.setitem(os.environ, reach.PUBLISHED, published)
    names = ("tls_cert", "tls_key", "tls_client_ca", "tokens", "insecure")
    options = argparse.Namespace(listen=listen, **dict.fromkeys(names))
    for name in given.split():
        setattr(options, name, "x")
    if fault is None:
        assert bool(reach.check(options)) is ("insecure" in given)
    else:
        with pytest.raises(AccessFault, match=fault):
            reach.check(options)


def test_what_is_set_for_make_up_opens_no_runner_outside_of_a_container(monkeypatch):
    monkeypatch.setenv("TWINRUN_BIND", "127.0.0.1")
    monkeypatch.delenv(reach.PUBLISHED, raising=False)
    assert reach.is_reachable("0.0.0.0:1")


def test_modes_count_for_nothing_among_a_containers_secrets(monkeypatch, write):
    path = write(ALICE.line)
    path.chmod(0o644)
    monkeypatch.setattr("services.access.identities._SECRETS", path.parent)
    assert read(path).of_token(ALICE.text)
    monkeypatch.setattr("services.access.identities._SECRETS", path.parent / "other")
    with pytest.raises(AccessFault, match="chmod 600"):
        read(path)


def test_a_runner_whose_tls_files_are_gone_serves_with_what_it_read_and_says_so_once(
    tmp_path, caplog
):
    """Machines of Ray are left without them once their runners listen."""
    authority.new(tmp_path, ["127.0.0.1"], "here", 1)
    trusted = trust.read(tmp_path)
    files = [tmp_path / name for name in (authority.RUNNER, authority.RUNNER_KEY, trust.CA)]
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_secure_port("127.0.0.1:0", credentials.of_server(credentials.Files(*files)))
    server.start()
    for file in files:
        file.unlink()
    for _ in range(3):
        with secure.channel(f"127.0.0.1:{port}", trusted) as channel:
            grpc.channel_ready_future(channel).result(HANG_SECONDS)
    server.stop(0).wait()
    assert [record.args[0].args[0] for record in caplog.records] == [
        f"{files[2]} cannot be read: No such file or directory"
    ]
