"""Files of a job, piece by piece."""

import functools
import hashlib
import os
from pathlib import Path

from twinrun.contract.ranges import between

from services.errors import InvalidRequest

CHUNK_BYTES = 2**20


def piece(path: Path, offset: int) -> tuple[bytes, int]:
    """Return a chunk of the file from ``offset``, and the size of the whole file in bytes.

    Raises InvalidRequest.
    """
    with path.open("rb") as file:
        total = file.seek(0, os.SEEK_END)
        if faults := list(between("offset", offset, 0, total)):
            raise InvalidRequest(faults)
        file.seek(offset)
        return file.read(CHUNK_BYTES), total


@functools.lru_cache
def sha256(path: Path) -> str:
    """Hash a file of a job, which never changes; its path is never used again."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
