"""What `make up` lays over compose.yaml: for every framework's runner the same."""

import json
import os
from collections.abc import Mapping
from typing import Any

from docker.engine import ROOT
from services.frameworks import own


def write(name: str, runner: Mapping[str, Any], **whole: Mapping[str, Any]) -> str:
    """Write build/compose.NAME.json, and return its path.

    Each framework's service has what ``runner`` says. ``whole`` is beside the services.
    """
    path = ROOT / "build" / f"compose.{name}.json"
    path.parent.mkdir(exist_ok=True)
    text = json.dumps({"services": dict.fromkeys(own(), runner), **whole}, indent=2)
    part = path.with_suffix(f".{os.getpid()}")  # whole for whoever else reads it now
    part.write_text(text + "\n")
    part.replace(path)
    return os.fspath(path.relative_to(ROOT))
