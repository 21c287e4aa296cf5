"""Files that are written whole or not at all."""

import hashlib
import os
import threading
from pathlib import Path

from twinrun.contract.state_dir import opened


def write_whole(path: Path, content: bytes, *, private: bool = True) -> None:
    """Write ``content`` so that a reader finds all of it, or the previous content.

    ``private``: readable by its user only; otherwise the umask decides. Raises OSError; a partial
    file is removed.
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
    """Return the SHA-256, hexadecimal."""
    return hashlib.sha256(content).hexdigest()
