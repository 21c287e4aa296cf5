"""A small dataset, its files as they are published, and mirrors that serve them and go wrong."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from twinrun.contract.events import DownloadProgress
from twinrun.contract.spec import Dataset

from services.data.datasets import load
from services.data.download import Mirror
from services.data.formats import idx
from services.data.source import Source
from services.errors import DataUnavailable
from tests.builders.datasets import file_of, job, packed
from tests.waiting import FOREVER_SECONDS

MNIST = job(Dataset("mnist"))
NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
_RANDOM = np.random.default_rng(0)
ARRAYS = (
    _RANDOM.integers(0, 256, (300, 28, 28), dtype=np.uint8),
    _RANDOM.integers(0, 10, 300, dtype=np.uint8),
    _RANDOM.integers(0, 256, (50, 28, 28), dtype=np.uint8),
    _RANDOM.integers(0, 10, 50, dtype=np.uint8),
)
CONTENTS = {name: idx.compose(array) for name, array in zip(NAMES, ARRAYS, strict=True)}
PACKED = {f"{name}.gz": packed(content) for name, content in CONTENTS.items()}
BIG = "train-images-idx3-ubyte.gz"  # the first that is asked for
FILES = [file_of(name, array) for name, array in zip(NAMES, ARRAYS, strict=True)]
NOBODY = "http://127.0.0.1:1/"  # refuses every connection


def source_of(*origins: object) -> Source:
    return Source(*FILES, origins=tuple(Mirror(o) if isinstance(o, str) else o for o in origins))


@dataclass
class Server:
    """A mirror on this machine, and its ways of failing."""

    files: dict[str, bytes] = field(default_factory=lambda: dict(PACKED))
    honours_ranges: bool = True
    names_length: bool = True
    status: int = 200
    breaks_after: int | None = None  # bytes of the first answer with a body
    stalls_after: int | None = None  # bytes of every answer; until it is stopped
    seconds_between: float = 0  # the tenths of a large file
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def asked_for(self, name: str) -> list[str | None]:
        """The ranges that requests for a file had."""
        return [asked for path, asked in self.requests if path == name]


class Handler(BaseHTTPRequestHandler):
    ways: Server

    def do_GET(self) -> None:
        name, asked = self.path.removeprefix("/"), self.headers.get("Range")
        self.ways.requests.append((name, asked))
        content = self.ways.files.get(name)
        if self.ways.status != 200 or content is None:
            self.send_error(404 if content is None else self.ways.status)
            return
        start = 0
        if asked and self.ways.honours_ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                self.send_error(416)
                return
        body = content[start:]
        self.send_response(206 if start else 200)
        if self.ways.names_length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.send(body)

    def send(self, body: bytes) -> None:
        if self.ways.stalls_after is not None:
            self.wfile.write(body[: self.ways.stalls_after])
            self.ways.stopping.wait(FOREVER_SECONDS)
            return
        if self.ways.breaks_after is not None:
            body, self.ways.breaks_after = body[: self.ways.breaks_after], None
        step = len(body) if len(body) < 100_000 else len(body) // 10
        for start in range(0, len(body), step):
            self.wfile.write(body[start : start + step])
            time.sleep(self.ways.seconds_between)

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # the client has heard enough
            super().handle()

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def mirrors() -> Iterator[Callable[..., Server]]:
    """Starts servers when it is called; all are stopped at the end."""
    with contextlib.ExitStack() as started:

        def start(**ways: object) -> Server:
            server = Server(**ways)  # type: ignore[arg-type]
            handler = type("Handler", (Handler,), {"ways": server})
            http = started.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), handler))
            server.url = f"http://127.0.0.1:{http.server_port}/"
            thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            for end in (thread.join, http.shutdown, server.stopping.set):  # the last is the first
                started.callback(end)
            return server

        yield start


Serve = Callable[..., Server]


class Unwanted:
    name = "unwanted"

    def fetch(self, *_: object) -> NoReturn:
        raise AssertionError("all files were there")

    reach = fetch


def fetch(source: Source, data_dir: Path) -> list[DownloadProgress]:
    """Loads the dataset, holds it against what was published, and gives the progress."""
    events: list[DownloadProgress] = []
    data = load(MNIST, data_dir, events.append, {"mnist": source}).data
    assert np.array_equal(data.train_labels, ARRAYS[1])
    assert np.array_equal(data.test_labels, ARRAYS[3])
    expected = ((ARRAYS[0][..., None] / 255 - 0.5) / 0.5).astype(np.float32)
    assert np.array_equal(data.train_images, expected)
    names = {path.name for path in (data_dir / "mnist").iterdir()}
    assert set(NAMES) <= names
    assert not {name for name in names if name.endswith((".part", ".wheel"))}
    assert partial_files(data_dir / "mnist") == set()
    return events


def partial_files(folder: Path) -> set[str]:
    """What was begun to be written there."""
    return {path.name for path in folder.glob(".*")} - {".lock"}


def fault(source: Source, data_dir: Path) -> str:
    with pytest.raises(DataUnavailable) as caught:
        load(MNIST, data_dir, lambda _: None, {"mnist": source})
    return caught.value.message


def begun(data_dir: Path, content: bytes, name: str = f"{BIG}.part") -> Path:
    path = data_dir / "mnist" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
