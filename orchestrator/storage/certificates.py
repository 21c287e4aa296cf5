"""Certificates that were made before, by key: small JSON files of the user's own."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from orchestrator.errors import OutputError
from orchestrator.storage.files import write_whole


def _path(key: str) -> Path:
    """Return the path, by the XDG Base Directory Specification."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "twinrun" / "certificates" / f"{key}.json"


def read(key: str) -> dict[str, Any] | None:
    """Return what was written under ``key``; None if nothing was, or it cannot be read."""
    with suppress(OSError, ValueError):
        content: dict[str, Any] = json.loads(_path(key).read_bytes())
        return content
    return None


def write(key: str, content: Mapping[str, object]) -> None:
    """Store ``content``; if the disk does not take it, it will be made again."""
    path = _path(key)
    with suppress(OSError, OutputError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(content).encode())
