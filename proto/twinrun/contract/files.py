"""Files that are there whole or not at all."""

import hashlib
import os
import threading
from pathlib import Path

from twinrun.contract.state_dir import opened


def write_whole(path: Path, content: bytes, *, private: bool = True) -> None:
    """Write ``content`` so that a reader finds all of it, or what was there before.

    ``private``: for its user alone; else as the umask has it. Raises OSError; what was written till
    then is removed.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    try:
        descriptor = opened(part, flags) if private else os.open(part, flags | os.O_CLOEXEC, 0o666)
        with os.fdopen(descriptor, "wb") as file:
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
