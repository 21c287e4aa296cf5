"""Blobs: files that clients upload, named by their SHA-256, shared by any number of processes."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from twinrun.contract.violation import Violation

from services.errors import DataUnavailable, DiskFull, InvalidRequest

BLOBS = "blobs"  # their directory, in a data directory
_PART, _LOCK = ".part", ".lock"
_READ_BYTES = 2**20


class Blobs:
    """The blobs of a directory.

    A blob is whole under its name, or a ``.part`` of it is there that an upload resumes. Whoever
    uses one holds its lock, shared by all that use it; one without a user may be evicted, the least
    recently used first, as soon as all together exceed ``limit_bytes``.
    """

    def __init__(self, directory: Path, limit_bytes: int = 0) -> None:
        self._directory, self._limit = directory, limit_bytes

    def path(self, sha256: str) -> Path:
        """Return where the blob is. Raises DataUnavailable: it is not there."""
        path = self._directory / sha256
        if not path.is_file():
            raise DataUnavailable(
                f"The data {sha256[:12]} is not here; the client uploads it before the job."
            )
        return path

    def received_bytes(self, sha256: str) -> int:
        """Return how much of the blob is here: its size if it is whole."""
        for path in (self._directory / sha256, self._part(sha256)):
            if path.is_file():
                return path.stat().st_size
        return 0

    def is_whole(self, sha256: str) -> bool:
        """Return whether the blob is here, checked when it was laid down."""
        return (self._directory / sha256).is_file()

    def receive(self, sha256: str, size: int, offset: int, chunks: Iterable[bytes]) -> int:
        """Append ``chunks`` at ``offset`` of the blob's part; return how much of it is here.

        Once all ``size`` bytes are here, their SHA-256 is checked and the blob is whole. Raises
        InvalidRequest: the offset is not where the part ends, or the content is another; DiskFull.
        """
        if self.is_whole(sha256):
            return size
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            with FileLock(self._directory / (sha256 + _PART + _LOCK), timeout=0):
                self._evict(size - self.received_bytes(sha256), keep=sha256)
                return self._append(sha256, size, offset, chunks)
        except Timeout:
            problem = "is being uploaded by another client; ask again when it has ended"
            raise InvalidRequest([Violation("sha256", problem)]) from None
        except OSError as error:
            raise DiskFull(f"{self._directory}: {error.strerror}.") from error

    def _append(self, sha256: str, size: int, offset: int, chunks: Iterable[bytes]) -> int:
        part = self._part(sha256)
        with part.open("ab") as file:
            end = file.tell()
            if end != offset:
                raise InvalidRequest([Violation("offset", f"is {offset}; the part ends at {end}")])
            for chunk in chunks:
                if end + len(chunk) > size:
                    problem = f"is {size}, and more bytes came"
                    raise InvalidRequest([Violation("size_bytes", problem)])
                end += file.write(chunk)
        if end == size:
            with part.open("rb") as content:
                found = hashlib.file_digest(content, "sha256").hexdigest()
            if found != sha256:
                part.unlink()
                raise InvalidRequest(
                    [Violation("sha256", f"is {sha256}; the content's is {found}")]
                )
            part.replace(self._directory / sha256)
        return end

    @contextmanager
    def used(self, sha256: str) -> Iterator[Path]:
        """Keep the blob from eviction. Raises DataUnavailable: it is not there."""
        path = self.path(sha256)
        os.utime(path)  # when it was last used
        users = self._directory / f"{sha256}.{os.getpid()}{_LOCK}"
        with FileLock(users):
            try:
                yield path
            finally:
                users.unlink(missing_ok=True)

    def _evict(self, more: int, keep: str) -> None:
        """Delete least recently used blobs that nobody uses, until ``more`` bytes fit."""
        files = [f for f in self._directory.iterdir() if not f.name.endswith(_LOCK)]
        sizes = {file: file.stat() for file in files}
        total = sum(status.st_size for status in sizes.values()) + more
        for file in sorted(files, key=lambda each: sizes[each].st_mtime_ns):
            if total <= self._limit:
                return
            if not file.name.startswith(keep) and not self._in_use(file):
                file.unlink(missing_ok=True)
                total -= sizes[file].st_size
        if total > self._limit:
            raise DiskFull(
                f"The data takes {more:,} bytes more, and blobs may take {self._limit:,} in all; "
                "start the runner with a larger --blob-limit."
            )

    def _in_use(self, file: Path) -> bool:
        """Return whether a process holds a lock of the blob; locks of dead ones are free."""
        for lock in self._directory.glob(f"{file.name.removesuffix(_PART)}*{_LOCK}"):
            try:
                with FileLock(lock, timeout=0):
                    lock.unlink(missing_ok=True)
            except Timeout:
                return True
        return False

    def _part(self, sha256: str) -> Path:
        return self._directory / (sha256 + _PART)
