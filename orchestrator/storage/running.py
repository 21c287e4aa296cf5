"""Whether a run is being made, was finished, or was stopped.

The command that makes a run locks its directory. The kernel releases the lock when the process
ends, however it ends.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english
from orchestrator.storage import about
from orchestrator.storage.about import State
from orchestrator.storage.files import writing
from orchestrator.storage.store import Run

RUNNING = Phrase("{path} is being made by another command; wait for it, or end it.")


class Making:
    """A run that is being made; ``stopped``: it did not get to its end."""

    stopped = False


@contextmanager
def making(run: Run) -> Iterator[Making]:
    """Hold the run as running in the block, and record how that ended.

    Raises OutputError, and BadInput if another command makes it.
    """
    with writing(run.path):
        directory = os.open(run.path, os.O_RDONLY)
    try:
        _lock(directory, run.path)
    except BadInput:
        os.close(directory)
        raise
    made = Making()
    try:
        yield made
    except BaseException:
        made.stopped = True
        raise
    finally:
        os.close(directory)
        about.change(run.path, state=State.STOPPED if made.stopped else State.FINISHED)


def _lock(directory: int, path: Path) -> None:
    while True:
        try:
            return fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if is_running(path):  # else somebody only looks, as that does: for a moment
                raise BadInput(english(RUNNING, path=path)) from None


def is_running(path: Path) -> bool:
    """Return whether a command of this machine is making the run in ``path``."""
    directory = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(directory)
    return False
