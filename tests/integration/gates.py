"""Gates between a test and the fakes that it trains: a fake waits until the test lets it pass.

A gate is a file, in a folder that the runner's environment names.
"""

import os
import time
from pathlib import Path

VARIABLE = "TWINRUN_TEST_GATES"
MEETING = "TWINRUN_TEST_MEETING"  # a folder that several runners have in common


def open_(folder: Path, gate: str) -> None:
    (folder / gate).touch()


def pass_(gate: str) -> None:
    """Return once it is open. One who waits for ever ends with its runner."""
    path = Path(os.environ[VARIABLE]) / gate
    while not path.exists():
        time.sleep(0.01)


def meet(number: int) -> None:
    """Return once so many processes have come here."""
    folder = Path(os.environ[MEETING])
    (folder / str(os.getpid())).touch()
    while len(list(folder.iterdir())) < number:
        time.sleep(0.01)
