"""The data directory: where runners keep datasets, and where a client may lay blobs for its own."""

import os
from pathlib import Path

BLOBS = "blobs"  # the directory of blobs in it


def default() -> Path:
    """Return TWINRUN_DATA_DIR, or the place by the XDG Base Directory Specification."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("TWINRUN_DATA_DIR") or Path(cache) / "twinrun" / "data")
