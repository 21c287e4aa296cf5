"""Everything that determines how a job is computed here, as one digest."""

import functools
import hashlib
import importlib.metadata
from pathlib import Path

from twinrun import contract

import services
from services.machine import host

_CODE = (Path(services.__file__).parent, Path(contract.__file__).parent)


@functools.cache
def digest() -> str:
    """Hash processor, installed packages and versions, and Twinrun's code: SHA-256, hexadecimal."""
    installed = sorted(
        {f"{each.name}=={each.version}" for each in importlib.metadata.distributions()}
    )
    sha256 = hashlib.sha256("\n".join([host.cpu_model(), *installed]).encode())
    for folder in _CODE:
        for path in sorted(folder.rglob("*.py")):
            sha256.update(f"\n{folder.name}/{path.relative_to(folder)}\n".encode())
            sha256.update(path.read_bytes())
    return sha256.hexdigest()
