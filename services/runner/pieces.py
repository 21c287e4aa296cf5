"""Files, piece by piece: those of a job, and those that clients send."""

import functools
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from twinrun.contract.ranges import between
from twinrun.contract.violation import Violation
from twinrun.v1 import runner_service_pb2

from services.runner.validation import check

CHUNK_BYTES = 2**20


def piece(path: Path, offset: int) -> tuple[bytes, int]:
    """Return a chunk of the file from ``offset``, and the size of the whole file in bytes.

    Raises InvalidRequest.
    """
    with path.open("rb") as file:
        total = file.seek(0, os.SEEK_END)
        check(between("offset", offset, 0, total))
        file.seek(offset)
        return file.read(CHUNK_BYTES), total


@functools.lru_cache
def sha256(path: Path) -> str:
    """Hash a file of a job, which never changes; its path is never used again."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def contents(requests: Iterable[runner_service_pb2.UploadBlobRequest]) -> Iterator[bytes]:
    """Yield what an upload's messages hold. Raises InvalidRequest."""
    for number, request in enumerate(requests):
        check(between("len(content)", len(request.content), 0, CHUNK_BYTES))
        if number and (request.sha256 or request.size_bytes or request.offset):
            check([Violation("sha256", "is set again; only the first has it")])
        yield request.content
