"""Where blobs are on this machine: with the data of its runners, which then copy nothing."""

from pathlib import Path

from twinrun.contract import data_dir, state_dir

from orchestrator.errors import OutputError
from orchestrator.language.phrases import Phrase, english

_UNUSABLE = Phrase(
    "The data directory {path} cannot be used: {error}. Name another one with TWINRUN_DATA_DIR."
)


def blob_directory() -> Path:
    """Return the directory of blobs, which is the user's own. Raises OutputError."""
    path = data_dir.default().absolute() / data_dir.BLOBS
    try:
        state_dir.prepare(path)
    except OSError as error:
        raise OutputError(english(_UNUSABLE, path=path, error=error)) from error
    return path
