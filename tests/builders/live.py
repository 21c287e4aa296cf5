"""`orchestrator live` as a process, and its stream as a page without a browser takes it in."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from urllib.parse import urlsplit

from tests.waiting import HANG_SECONDS


@dataclass
class Server:
    process: subprocess.Popen
    url: str

    @property
    def port(self) -> int:
        return urlsplit(self.url).port

    def ask(self, path="/", method="GET", **headers) -> "Answer":
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with self.asked(path, method, named) as response:
            return Answer(response.status, response.headers, response.read().decode())

    @contextmanager
    def asked(self, path, method, headers) -> Iterator[http.client.HTTPResponse]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=HANG_SECONDS)
        with closing(connection):
            connection.request(method, path, headers=headers)
            with closing(connection.getresponse()) as response:
                yield response

    def stop(self, number=signal.SIGINT) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        self.process.send_signal(number)
        stdout, stderr = self.process.communicate(timeout=HANG_SECONDS)
        return self.process.returncode, stdout, stderr


@dataclass
class Answer:
    status: int
    headers: Message
    text: str


@contextmanager
def live(home: Path, *flags: str, module: str = "orchestrator") -> Iterator[Server]:
    """The command with an empty state directory; ``flags``: addresses of runners, --port."""
    process = start(home, *flags, module=module)
    try:
        yield Server(process, url_of(process))
    finally:
        process.kill()
        process.communicate()


def environment(home: Path) -> dict[str, str]:
    """Of the orchestrator, with homes below ``home``."""
    found = {**os.environ, "XDG_STATE_HOME": f"{home}/state", "XDG_CONFIG_HOME": f"{home}/config"}
    for name in ("TWINRUN_PYTORCH", "TWINRUN_TENSORFLOW", "TWINRUN_OUTPUT"):
        found.pop(name, None)
    return found


def orchestrator(*arguments: str, module: str = "orchestrator") -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def start(home: Path, *flags: str, module: str = "orchestrator") -> subprocess.Popen:
    if not any(flag.startswith("--port") for flag in flags):
        flags = (*flags, "--port=0")
    return subprocess.Popen(
        orchestrator("live", *flags, module=module),
        cwd=home,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def url_of(process: subprocess.Popen) -> str:
    line = process.stdout.readline()
    assert "http://" in line, line or process.communicate()[1]
    return next(word for word in line.split() if word.startswith("http://"))


@dataclass
class Page:
    """What a page knows, and how it got there; ``last_id`` is kept over connections."""

    last_id: str = ""
    overview: dict = field(default_factory=dict)
    jobs: dict[str, dict] = field(default_factory=dict)
    losses: dict[str, list] = field(default_factory=dict)
    lines: dict[str, list] = field(default_factory=dict)

    def follow(self, server: Server) -> Iterator[str]:
        """Take messages in; yield the name of each when it was."""
        end = time.monotonic() + HANG_SECONDS
        headers = {"Last-Event-ID": self.last_id} if self.last_id else {}
        with server.asked("/events", "GET", headers) as response:
            assert response.status == 200
            assert response.headers["Content-Type"].startswith("text/event-stream")
            message: dict[str, str] = {}
            while line := response.readline().decode():
                assert time.monotonic() < end, self
                name, _, value = line.rstrip("\n").partition(": ")
                if name:
                    message[name] = value
                elif "event" in message:
                    self.last_id = message.get("id", "")
                    self._take(message["event"], json.loads(message["data"]))
                    yield message["event"]
                    message = {}

    def _take(self, event: str, data: dict) -> None:
        if event == "overview":
            self.overview = data
            return
        job_id, part = data["id"], data["losses"]
        known = self.losses.get(job_id, [])
        assert part["start"] <= len(known), "a gap in the curve"
        self.losses[job_id] = known[: part["start"]] + part["points"]
        lines = self.lines.setdefault(job_id, [])
        lines += data["lines"]
        sequences = [line["sequence"] for line in lines]
        assert sequences == sorted(set(sequences)), "a line came twice, or out of order"
        self.jobs[job_id] = data

    def until(self, server: Server, holds) -> None:
        """Follow until it holds of this page."""
        with closing(self.follow(server)) as stream:
            if any(holds(self) for _ in stream):
                return
        raise AssertionError("the stream ended before it held")


def ended(job_id: str):
    return lambda page: job_id in page.jobs and not page.jobs[job_id]["active"]
