"""Blobs: files that clients upload, named by their SHA-256, shared by any number of processes."""

import errno
import hashlib
import os
import re
import shutil
import stat
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from twinrun.contract import state_dir
from twinrun.contract.ranges import between
from twinrun.contract.violation import Violation

from services.errors import DataUnavailable, DiskFull, InvalidRequest, RunnerBusy, disk_error

_PART = ".part"
_NAME = re.compile("[0-9a-f]{64}")
_KEPT_SECONDS = 86_400.0  # since its last use: other runners, whose jobs nobody here knows, need it
_MOST_BYTES = 2**50


class Blobs:
    """The blobs of a directory.

    A blob is whole under its name, or an upload resumes its ``.part``. Whoever writes the part
    holds its lock, which ends with the process. A file's time is that of its last use.
    """

    def __init__(
        self,
        directory: Path,
        limit_bytes: int = 0,
        needed: Callable[[], Collection[str]] = tuple,
    ) -> None:
        """Name the directory. ``limit_bytes``: of all blobs; ``needed`` tells which must stay."""
        self._directory = directory
        self._limit = limit_bytes
        self._needed = needed

    def use(self, sha256: str, size: int) -> Path:
        """Return where the blob is, and keep it for a day. Raises DataUnavailable."""
        path = self._path(sha256)
        if _size(path) != size:
            raise DataUnavailable(
                f"The data {sha256[:12]}, {size:,} bytes, are not in {self._directory}: the client "
                "uploads them before the job.",
                directory=str(self._directory),
            )
        with suppress(OSError):  # deleted just now, which the job will find
            os.utime(path, follow_symlinks=False)
        return path

    def received(self, sha256: str) -> tuple[int, bool]:
        """Return how many bytes of the blob are here, and whether it is whole.

        Raises InvalidRequest.
        """
        path = self._path(sha256)
        if (size := _size(path)) is not None:
            return size, True
        return _size(_part(path)) or 0, False

    def receive(self, sha256: str, size: int, offset: int, chunks: Iterable[bytes]) -> int:
        """Append ``chunks`` to the blob's part at ``offset``; return how much of it is here.

        Once ``size`` bytes are here, their SHA-256 is checked and the blob is whole. Raises
        InvalidRequest: a field is wrong, the part ends elsewhere, or the content is another's;
        RunnerBusy: another call is writing it; DiskFull, StateUnwritable.
        """
        path = self._path(sha256)
        _check(*between("size_bytes", size, 1, _MOST_BYTES), *between("offset", offset, 0, size))
        if _size(path) == size:
            return size
        try:
            state_dir.prepare(self._directory)
            with _held(_part(path)) as file:
                found, whole = self.received(sha256)
                if whole:  # by another client, meanwhile
                    _part(path).unlink()
                    return found
                if found != offset:
                    _check(Violation("offset", f"is {offset}; {found} bytes are here"))
                self._make_room(size - found, sha256)
                return _append(file, path, size, chunks)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                _part(path).unlink(missing_ok=True)  # what fills a disk must not stay
            raise disk_error(error, self._directory) from error

    def trim(self) -> None:
        """Delete parts that nobody resumes, and blobs beyond the limit. Raises OSError."""
        if self._directory.is_dir():
            self._trim(0)

    def _path(self, sha256: str) -> Path:
        if not _NAME.fullmatch(sha256):
            problem = f"is {sha256[:80]!a}; it must be 64 hexadecimal digits"
            _check(Violation("sha256", problem))
        return self._directory / sha256

    def _make_room(self, more: int, sha256: str) -> None:
        """Delete what may go. Raises DiskFull: ``more`` bytes exceed the limit or the disk."""
        left = self._limit - self._trim(more, sha256)
        free = shutil.disk_usage(self._directory).free
        if more > left:
            raise DiskFull(
                f"The data take {more:,} bytes more, and {max(left, 0):,} are left for blobs in "
                f"{self._directory}: start the runner with a larger --blob-limit, or delete some "
                "there.",
                directory=str(self._directory),
                needed_bytes=str(more),
            )
        if more > free:
            raise DiskFull(
                f"The data take {more:,} bytes more, and {free:,} are free in {self._directory}.",
                directory=str(self._directory),
                needed_bytes=str(more),
            )

    def _trim(self, more: int, receiving: str = "") -> int:
        """Return how many bytes files here take, after those were deleted that may be."""
        until = time.time() - _KEPT_SECONDS
        files = []
        for path in self._directory.iterdir():
            if not (_NAME.fullmatch(path.name) or path.suffix == _PART):
                continue  # not ours
            with suppress(FileNotFoundError):  # deleted by another process
                status = path.lstat()
                if stat.S_ISREG(status.st_mode):
                    files.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in files)
        needed = {receiving, *self._needed()}
        for used, size, path in sorted(files):
            if used > until:
                break
            if path.suffix == _PART or (total + more > self._limit and path.name not in needed):
                total -= size * _delete(path)
        return total


def _part(path: Path) -> Path:
    return path.with_name(path.name + _PART)


def _size(path: Path) -> int | None:
    """Return the size of this user's own file; None: there is none. A link is none."""
    try:
        status = path.lstat()
    except OSError:
        return None
    own = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
    return status.st_size if own else None


@contextmanager
def _held(part: Path) -> Iterator[BinaryIO]:
    """Open the part and lock it. Raises RunnerBusy: another does; OSError."""
    descriptor = state_dir.opened(part, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    with os.fdopen(descriptor, "ab") as file:
        # A part that was renamed or deleted before it was locked is no longer the part.
        if not (state_dir.hold(descriptor, alone=True) and _is_at(part, descriptor)):
            raise RunnerBusy("Another call is sending the same data; ask again how much is here.")
        yield file


def _is_at(path: Path, descriptor: int) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    return False


def _append(file: BinaryIO, path: Path, size: int, chunks: Iterable[bytes]) -> int:
    part = _part(path)
    for chunk in chunks:
        if file.tell() + len(chunk) > size:
            _check(Violation("size_bytes", f"is {size}, and more bytes came"))
        file.write(chunk)
    file.flush()
    if (end := file.tell()) < size:
        return end
    with part.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != path.name:
        part.unlink()
        _check(Violation("sha256", f"is {path.name}; the content's is {found}"))
    os.fsync(file.fileno())
    part.replace(path)
    return end


def _delete(path: Path) -> bool:
    """Delete a file, unless it is a part that is being written; return whether it is gone."""
    with suppress(OSError):
        descriptor = state_dir.opened(path, os.O_RDWR)
        try:
            if state_dir.hold(descriptor, alone=True):
                path.unlink(missing_ok=True)
                return True
        finally:
            os.close(descriptor)
    return False


def _check(*violations: Violation) -> None:
    if violations:
        raise InvalidRequest(violations)
