"""Blobs arrive in pieces, are checked when whole, stay while they are needed, and then go."""

import errno
import hashlib
import os
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.data import blobs as module
from services.data.blobs import Blobs
from services.errors import DataUnavailable, DiskFull, InvalidRequest, RunnerBusy

CONTENT = b"0123456789"
DAYS = 3 * 86_400


def name(content):
    return hashlib.sha256(content).hexdigest()


SHA = name(CONTENT)


@pytest.fixture
def blobs(tmp_path):
    return Blobs(tmp_path / "blobs", limit_bytes=1000)


def aged(blobs, content, seconds=DAYS):
    """Lays a blob down, last used so long ago."""
    blobs.receive(name(content), len(content), 0, [content])
    path = blobs._directory / name(content)
    os.utime(path, (time.time() - seconds,) * 2)
    return path


class Dropped(Exception):
    """Stands for a connection that breaks in the middle of an upload."""


def dropping(chunks):
    yield from chunks
    raise Dropped


CALLS = st.lists(st.tuples(st.lists(st.integers(0, 60), max_size=4), st.booleans()), max_size=6)


@given(content=st.binary(min_size=1, max_size=200), calls=CALLS)
def test_any_split_of_the_content_with_any_drops_gives_the_same_file(
    tmp_path_factory, content, calls
):
    blobs = Blobs(tmp_path_factory.mktemp("data") / "blobs", limit_bytes=1000)
    sha, end = name(content), 0
    for sizes, drops in (*calls, ([len(content)], False)):
        offset, chunks = end, []
        for size in sizes:
            chunks.append(content[end : end + size])
            end += len(chunks[-1])
        if drops and not blobs.received(sha)[1]:
            with pytest.raises(Dropped):
                blobs.receive(sha, len(content), offset, dropping(chunks))
        else:
            assert blobs.receive(sha, len(content), offset, chunks) == end
        assert blobs.received(sha)[0] == end
    assert blobs.use(sha, len(content)).read_bytes() == content
    assert [path.name for path in blobs._directory.iterdir()] == [sha]


def test_the_directory_and_its_files_are_the_users_own_alone(blobs):
    old = os.umask(0)
    try:
        blobs.receive(SHA, 10, 0, [CONTENT[:5]])
        part = blobs._directory / f"{SHA}.part"
        assert part.stat().st_mode & 0o777 == 0o600
        blobs.receive(SHA, 10, 5, [CONTENT[5:]])
    finally:
        os.umask(old)
    assert blobs._directory.stat().st_mode & 0o777 == 0o700
    assert blobs.use(SHA, 10).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "sha", ["", "../../etc/passwd", SHA[:-1], SHA.upper(), f"{SHA}\n", f"{SHA}/x", f"/{SHA}"]
)
def test_a_name_that_is_no_digest_reaches_no_file(blobs, sha):
    for call in (
        lambda: blobs.received(sha),
        lambda: blobs.receive(sha, 10, 0, [CONTENT]),
        lambda: blobs.use(sha, 10),
    ):
        with pytest.raises(InvalidRequest, match="64 hexadecimal digits"):
            call()
    assert not blobs._directory.exists()


@pytest.mark.parametrize(
    ("size", "offset", "field"),
    [
        (0, 0, "size_bytes"),
        (2**60, 0, "size_bytes"),
        (10, 11, "offset"),
        (10, -1, "offset"),
        (10, 3, "offset"),
    ],
)
def test_sizes_that_cannot_be_are_refused_by_their_names(blobs, size, offset, field):
    with pytest.raises(InvalidRequest) as caught:
        blobs.receive(SHA, size, offset, [CONTENT])
    assert [each.field for each in caught.value.violations] == [field]


def test_content_of_another_digest_or_length_is_not_kept(blobs):
    with pytest.raises(InvalidRequest, match="the content's is"):
        blobs.receive(SHA, 10, 0, [b"9876543210"])
    assert blobs.received(SHA) == (0, False)
    with pytest.raises(InvalidRequest, match="more bytes came"):
        blobs.receive(SHA, 10, 0, [CONTENT, b"x"])


def test_what_is_whole_is_not_received_again(blobs):
    blobs.receive(SHA, 10, 0, [CONTENT])
    assert blobs.receive(SHA, 10, 0, iter(lambda: pytest.fail("was read"), None)) == 10


def test_links_are_not_followed(blobs, tmp_path):
    target = tmp_path / "target"
    target.write_bytes(CONTENT)
    blobs._directory.mkdir()
    (blobs._directory / SHA).symlink_to(target)
    assert blobs.received(SHA) == (0, False)
    with pytest.raises(DataUnavailable):
        blobs.use(SHA, 10)
    (blobs._directory / f"{SHA}.part").symlink_to(target)
    with pytest.raises(Exception, match=r"cannot be written to.*(symbolic|link)"):
        blobs.receive(SHA, 10, 0, [b"x"])
    assert target.read_bytes() == CONTENT


def test_a_blob_that_is_not_there_or_has_another_size_is_unavailable(blobs):
    with pytest.raises(DataUnavailable, match="uploads them before the job"):
        blobs.use(SHA, 10)
    blobs.receive(SHA, 10, 0, [CONTENT])
    with pytest.raises(DataUnavailable, match="11 bytes"):
        blobs.use(SHA, 11)


def test_the_second_of_two_uploads_is_told_to_ask_again_and_then_finds_all(blobs):
    arrived, go = threading.Event(), threading.Event()

    def slowly():
        yield CONTENT[:5]
        arrived.set()
        go.wait()
        yield CONTENT[5:]

    first = threading.Thread(target=blobs.receive, args=(SHA, 10, 0, slowly()))
    first.start()
    arrived.wait()
    with pytest.raises(RunnerBusy, match="same data"):
        blobs.receive(SHA, 10, 0, [CONTENT])
    go.set()
    first.join()
    assert blobs.received(SHA) == (10, True)


def test_the_least_recently_used_go_first_and_only_as_many_as_needed(blobs):
    old, older = aged(blobs, b"a" * 400), aged(blobs, b"b" * 400, 2 * DAYS)
    blobs.receive(SHA, 10, 0, [CONTENT])
    assert old.exists()
    assert older.exists()
    blobs.receive(name(b"c" * 300), 300, 0, [b"c" * 300])
    assert old.exists()
    assert not older.exists()


def test_what_was_used_in_the_last_day_stays(blobs):
    path = aged(blobs, b"a" * 900)
    blobs.use(path.name, 900)
    with pytest.raises(DiskFull, match="--blob-limit"):
        blobs.receive(name(b"c" * 300), 300, 0, [b"c" * 300])
    assert path.exists()


def test_what_an_unfinished_job_needs_stays(tmp_path):
    blobs = Blobs(tmp_path / "blobs", 1000, lambda: {name(b"a" * 900)})
    path = aged(blobs, b"a" * 900)
    with pytest.raises(DiskFull):
        blobs.receive(name(b"c" * 300), 300, 0, [b"c" * 300])
    assert path.exists()


def test_parts_that_nobody_resumes_are_swept_and_other_files_are_not(blobs):
    blobs.receive(SHA, 10, 0, [CONTENT[:5]])
    part, other = blobs._directory / f"{SHA}.part", blobs._directory / "notes.txt"
    other.write_text("mine")
    blobs.trim()
    assert part.exists()
    for path in (part, other):
        os.utime(path, (time.time() - DAYS,) * 2)
    with module._held(part):
        os.utime(part, (time.time() - DAYS,) * 2)
        blobs.trim()
        assert part.exists()
    blobs.trim()
    assert not part.exists()
    assert other.exists()


def test_a_disk_that_is_full_is_said_and_freed(blobs, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "_append", full)
    with pytest.raises(DiskFull, match="No space is left"):
        blobs.receive(SHA, 10, 0, [CONTENT])
    assert list(blobs._directory.iterdir()) == []


def test_what_cannot_fit_on_the_disk_is_refused_before_anything_is_written(tmp_path):
    blobs = Blobs(tmp_path / "blobs", limit_bytes=2**60)
    with pytest.raises(DiskFull, match="are free"):
        blobs.receive(SHA, 2**50, 0, iter(lambda: pytest.fail("was read"), None))
