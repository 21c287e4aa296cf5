"""The data directory: what users lay into it, real processes at once, and faults of the disk."""

import errno
import hashlib
import logging
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.data import cache
from services.data.source import Source
from services.errors import DiskFull
from tests.builders.mirrors import (
    BIG,
    CONTENTS,
    FILES,
    MNIST,
    NAMES,
    NOBODY,
    PACKED,
    Serve,
    begun,
    fault,
    fetch,
    partial_files,
    source_of,
)
from tests.waiting import HANG_SECONDS, eventually

# ----------------------------------------------------------------------------- laid by the user


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
    message = fault(source_of(NOBODY), tmp_path)
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
def loading(tmp_path: Path) -> Iterator[Callable[[Source], subprocess.Popen[str]]]:
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


Loading = Callable[[Source], subprocess.Popen[str]]


def test_processes_that_start_together_fetch_each_file_once(
    serve: Serve, loading: Loading, tmp_path: Path
) -> None:
    mirror = serve(seconds_between=0.05)
    processes = [loading(source_of(mirror.url)) for _ in range(3)]
    hashes = [process.communicate(timeout=HANG_SECONDS)[0] for process in processes]
    assert len(set(hashes)) == 1
    assert len(hashes[0].strip()) == 64
    assert sorted(mirror.requests) == sorted((name, None) for name in PACKED)
    assert partial_files(tmp_path / "mnist") == set()


def test_a_process_killed_in_the_middle_blocks_nobody_and_its_part_is_used(
    serve: Serve, loading: Loading, tmp_path: Path
) -> None:
    stalled, mirror = serve(stalls_after=200_000), serve()
    process = loading(source_of(stalled.url))
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
