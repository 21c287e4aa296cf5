"""What decides how a job is computed here, as one digest."""

import functools
import hashlib
import importlib.metadata
from pathlib import Path

from services.machine import host

_CODE = Path(__file__).parents[1]


@functools.cache
def digest() -> str:
    """SHA-256, hexadecimal, of processor, installed packages and versions, and Twinrun's code."""
    installed = sorted(
        {f"{found.name}=={found.version}" for found in importlib.metadata.distributions()}
    )
    sha256 = hashlib.sha256("\n".join([host.cpu_model(), *installed]).encode())
    for path in sorted(_CODE.rglob("*.py")):
        sha256.update(f"\n{path.relative_to(_CODE)}\n".encode())
        sha256.update(path.read_bytes())
    return sha256.hexdigest()
