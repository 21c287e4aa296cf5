"""Files that are there whole or not at all."""

import hashlib
import os
import threading
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write ``content`` so that a reader finds all of it, or what was there before.

    Raises OSError; what was written till then is removed.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with part.open("wb") as file:
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
