"""Files that are there whole or not at all, for their user alone."""

import hashlib
import os
import threading
from pathlib import Path

from twinrun.contract.state_dir import opened


def write_whole(path: Path, content: bytes) -> None:
    """Write ``content`` so that a reader finds all of it, or what was there before.

    Raises OSError; what was written till then is removed.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with os.fdopen(opened(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def sha256(content: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(content).hexdigest()
