"""A process that is forked is as one that is started, but for what took it long."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests import forks
from tests.builders.runners import marked
from tests.forks import protocol
from tests.forks import server as forking
from tests.waiting import HANG_SECONDS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there they are started")


def told(popen, tmp_path, *words, flags=(), **settings):
    """What it says of itself, what it writes, and how it ends."""
    with (tmp_path / "stderr").open("w+") as stderr:
        process = popen(
            [sys.executable, *flags, "-m", "tests.forks.told", *words],
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            **settings,
        )
        said, _ = process.communicate("what it reads", timeout=HANG_SECONDS)
        stderr.seek(0)
        return json.loads(said), stderr.read().splitlines()[-1:], process.returncode


def different(one, other):
    return {name: (one[name], other[name]) for name in one if one[name] != other[name]}


ENDS = [
    *(("0", "goes on"), ("7", "exits"), ("7", "raises")),
    (str(signal.SIGKILL.value), "is killed"),
]


@pytest.mark.parametrize("words", ENDS, ids=" ".join)
def test_it_finds_the_same_around_it_and_ends_alike(tmp_path, words):
    env = {**os.environ, "ANOTHER": "value"}
    started = told(subprocess.Popen, tmp_path, *words, env=env)
    forked = told(forks.Forked, tmp_path, *words, env=env)
    assert different(forked[0], started[0]) == {}
    assert forked[1:] == started[1:]
    assert started[0]["words"][1:] == list(words)


def test_it_has_the_files_that_it_is_given_leads_a_session_and_imports_from_elsewhere(tmp_path):
    reading, writing = os.pipe()
    given = {
        "flags": ["-P"],
        "pass_fds": [writing],
        "start_new_session": True,
        "env": {**os.environ},
    }
    try:
        started, forked = (
            told(popen, tmp_path, **given)[0] for popen in (subprocess.Popen, forks.Forked)
        )
    finally:
        os.close(reading)
        os.close(writing)
    assert different(forked, started) == {}
    assert writing in forked["files"]
    assert forked["leads"] == [True, True]


def test_one_that_goes_on_is_waited_for_polled_and_ended(tmp_path):
    command = [sys.executable, "-m", "tests.forks.told"]
    with forks.Forked(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        process.terminate()
        assert process.wait(HANG_SECONDS) == -signal.SIGTERM
        assert process.poll() == -signal.SIGTERM


@pytest.mark.parametrize(
    ("words", "more", "kind"),
    [
        (["-m", "tests.forks.told"], {}, forks.Forked),
        (["-m", "tests.forks.told"], {"PYTHONHASHSEED": "1"}, subprocess.Popen),
        (["-m", "tests.forks.told"], {"LC_ALL": "en_GB"}, subprocess.Popen),
        (["-P", "-m", "tests.forks.told"], {}, forks.Forked),
        (["-I", "-m", "tests.forks.told"], {}, subprocess.Popen),
        (["-m", "platform"], {}, subprocess.Popen),
    ],
)
def test_what_python_reads_at_its_start_is_never_forked(words, more, kind):
    env = {**os.environ, **more}
    with forks.popen([sys.executable, *words], env=env, stdout=subprocess.DEVNULL) as process:
        assert type(process) is kind


def test_what_a_test_has_started_is_found_by_its_mark(tmp_path):
    env = {**os.environ, "TWINRUN_TEST": "0f0e0d0c-0b0a-0908"}
    command = [sys.executable, "-m", "tests.forks.told"]
    settings = {"env": env, "stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL}
    with forks.Forked(command, **settings) as forked:
        assert marked("TWINRUN_TEST=0f0e0d0c-0b0a-0908") == [forked.pid]
        assert marked("TWINRUN_TEST=0f0e0d0c-0b0b") == []
    assert marked("TWINRUN_TEST=0f0e0d0c-0b0a-0908") == []


@pytest.fixture
def server(tmp_path):
    """One of its own: its process, and a channel to it for each call."""
    address = tmp_path / "told"
    command = [sys.executable, "-m", "tests.forks.server", str(address), "tests.forks.told"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        while not address.exists():
            assert process.poll() is None

        def connect():
            channel = socket.socket(socket.AF_UNIX)
            channel.settimeout(HANG_SECONDS)
            channel.connect(str(address))
            return channel

        yield connect
        assert process.poll() is None, "the server has ended"
        process.communicate(timeout=HANG_SECONDS)


def request(folder):
    words, env = ["tests.forks.told"], dict(os.environ)
    return protocol.Request(words, str(folder), env, [0, 1, 2], False, False)


def ask(channel, folder):
    with Path(os.devnull).open("r+b", buffering=0) as nothing:
        protocol.send(channel, request(folder), [nothing.fileno()] * 3)


@pytest.mark.parametrize("sent", [b"", b"\0\0", (99).to_bytes(8, "big") + b"half"])
def test_a_client_that_dies_in_mid_request_does_not_end_the_server(server, tmp_path, sent):
    with server() as dying:
        dying.sendall(sent)
    with server() as channel:
        ask(channel, tmp_path)
        assert protocol.started(channel) > 1
        assert protocol.number(channel) == 0


def test_a_folder_that_is_not_there_is_a_fault_and_no_process(server, tmp_path):
    with server() as channel:
        ask(channel, tmp_path / "none")
        with pytest.raises(protocol.NotForked, match=r"No such file or directory: '.*none'"):
            protocol.started(channel)
    with pytest.raises(protocol.NotForked, match="none"):
        forks.Forked([sys.executable, "-m", "tests.forks.told"], cwd=tmp_path / "none")


def test_nothing_is_forked_from_a_process_that_has_started_threads(monkeypatch):
    monkeypatch.setattr(os, "fork", lambda: 7)
    begun = forking.tasks()
    assert forking.fork(begun) == 7
    ends = threading.Event()
    thread = threading.Thread(target=ends.wait)
    thread.start()
    with pytest.raises(protocol.NotForked, match="1 more thread than after its imports"):
        forking.fork(begun)
    ends.set()
    thread.join()


@pytest.mark.parametrize(
    "asked",
    [{"umask": 0o77}, {"process_group": 0}, {"user": 0}, {"group": 0}, {"extra_groups": [0]}],
)
def test_what_a_fork_would_not_heed_is_refused(asked):
    with pytest.raises(AssertionError, match="not for forks"):
        forks.Forked([sys.executable, "-m", "tests.forks.told"], **asked)
