"""The page's server where there is no runner: whom it lets in, what it gives, and how it ends."""

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.cli.commands.live import live as command
from orchestrator.cli.options import WhereOptions
from orchestrator.errors import BadInput
from tests.builders.live import Page, live
from tests.builders.live import start as start_live
from tests.waiting import HANG_SECONDS

NOWHERE = ("--pytorch=127.0.0.1:1", "--tensorflow=127.0.0.1:1")
HTTP2 = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])  # a server's greeting: settings, of which none differ
FILES = ("/", "/page.js", "/chart.js", "/page.css", "/icon.svg")


@pytest.fixture(scope="module")
def serve(tmp_path_factory):
    """`orchestrator live` where there is no runner, for all that only ask."""
    with live(tmp_path_factory.mktemp("live"), *NOWHERE) as server:
        yield server


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/events"])
def test_nothing_but_get_is_answered(serve, method, path):
    answer = serve.ask(path, method)
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET"


@pytest.mark.parametrize(
    "name",
    [
        *("evil.example", "evil.example:8050", "", "127.0.0.1.evil.example"),
        *(
            "localhost:8050@evil.example",
            "localhost:evil.example",
            "127.0.0.1:",
            "localhost:8050:1",
        ),
    ],
)
@pytest.mark.parametrize("path", ["/", "/events", "/page.js"])
def test_a_page_that_came_under_another_hosts_name_is_refused(serve, name, path):
    assert serve.ask(path, Host=name).status == 421


@pytest.mark.parametrize("name", ["localhost", "localhost:9000", "127.0.0.1", "127.0.0.1:9000"])
def test_this_machines_own_names_are_let_in_by_a_forwarded_port_too(serve, name):
    assert serve.ask(Host=name).status == 200


@pytest.mark.parametrize("path", FILES)
def test_every_file_has_a_strict_policy_and_names_no_other_host(serve, path):
    answer = serve.ask(path)
    assert answer.status == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    text = answer.text.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|//[a-z]+\.", text)


@pytest.mark.parametrize("path", ["/no", "/../server.py", "/..%2fserver.py", "/page", "/%2e%2e/x"])
def test_there_are_no_other_files(serve, path):
    assert serve.ask(path).status == 404


def test_a_second_ctrl_c_changes_nothing(tmp_path):
    with live(tmp_path, *NOWHERE) as server:
        for _ in range(3):
            server.process.send_signal(signal.SIGINT)
        code, _, stderr = server.stop()
        assert (code, stderr) == (0, "")


def test_ctrl_c_does_not_wait_for_a_host_that_does_not_answer(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        flag = f"--pytorch=127.0.0.1:{silent.getsockname()[1]}"
        given = (flag, "--tensorflow=127.0.0.1:1")
        with live(tmp_path, *given, module="tests.integration.patient") as server:
            silent.settimeout(HANG_SECONDS)
            asking, _ = silent.accept()
            with asking:
                asking.sendall(HTTP2)  # so that it is asked, for ever, as the command is patient
                assert server.stop()[0] == 0


def test_a_port_that_is_taken_is_named_with_the_remedy(serve, tmp_path):
    process = start_live(tmp_path, f"--port={serve.port}")
    stdout, stderr = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 2
    assert stdout == ""
    assert f"Cannot listen on port {serve.port} of 127.0.0.1" in stderr
    assert "--port" in stderr
    assert "Traceback" not in stderr


def test_it_listens_on_this_machine_alone(serve):
    found = {}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        address, state = line.split()[1], line.split()[3]
        found.setdefault((int(address.partition(":")[2], 16), state), set()).add(address[:8])
    assert found[serve.port, "0A"] == {"0100007F"}


def test_a_page_is_open_again_within_seconds_of_a_restart(tmp_path):
    with live(tmp_path, *NOWHERE) as server:
        page = Page()
        page.until(server, lambda p: p.overview)
        port = server.port
        assert server.stop()[0] == 0
    with live(tmp_path, *NOWHERE, f"--port={port}") as server:
        assert server.ask().status == 200


def test_without_the_server_library_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "orchestrator.live.server", raising=False)
    with pytest.raises(BadInput, match=r"needs uvicorn.*make setup"):
        command(WhereOptions(), port=0)


def test_help_does_not_pay_for_the_server_library():
    code = (
        "import sys, orchestrator.cli.main; print(*({'uvicorn', 'starlette'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""


def test_a_flood_of_rubbish_in_the_last_id_does_no_harm(serve):
    page = Page(last_id=",".join(f"x{i}:{i}" for i in range(3000)))
    page.until(serve, lambda p: p.overview)
    assert serve.ask().status == 200
