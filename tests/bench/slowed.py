"""A framework's trainer with pauses in proportion to its own time: a slowdown that is known.

``SLOWED=pytorch SLOWED_BY=FILE python -m tests.bench.slowed --framework pytorch`` is a runner on
it. A trial reads from FILE by what part it is to be slower.
"""

import importlib
import os
import sys
import time
from pathlib import Path

from services.frameworks import FRAMEWORKS, Framework


def _framework():
    return importlib.import_module(f"services.{os.environ['SLOWED']}")


def environment():
    return _framework().environment()


class Trainer:
    """All of the framework's own, but for the pauses."""

    def __init__(self, *arguments):
        self._trainer = _framework().Trainer(*arguments)
        self._part = float(Path(os.environ["SLOWED_BY"]).read_text())

    def __getattr__(self, name):
        return getattr(self._trainer, name)

    def train_epoch(self, epoch):
        worked = paused = 0.0
        began = time.perf_counter()
        for steps in self._trainer.train_epoch(epoch):
            worked += time.perf_counter() - began
            began = time.perf_counter()
            if self._part * worked > paused:  # a pause is longer than asked for: the next makes up
                time.sleep(self._part * worked - paused)
            paused += time.perf_counter() - began
            yield steps
            began = time.perf_counter()


if __name__ == "__main__":
    from services import server

    name = os.environ["SLOWED"]
    FRAMEWORKS[name] = Framework("tests.bench.slowed", FRAMEWORKS[name].requires, 0)
    sys.exit(server.main(sys.argv[1:]))
