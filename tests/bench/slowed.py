"""A framework's trainer with pauses in proportion to its own time: a slowdown that is known.

``SLOWED=pytorch SLOWED_BY=FILE python -m tests.bench.slowed --framework pytorch`` is a runner on
it. A trial reads from FILE by what part it is to be slower. With SLOWED_STEP_SECONDS it has a clock
of its own, by which each step takes so long, whatever the machine does.
"""

import importlib
import os
import random
import sys
import time
from pathlib import Path

from services.frameworks import FRAMEWORKS, Framework


def _framework():
    return importlib.import_module(f"services.{os.environ['SLOWED']}")


def environment():
    return _framework().environment()


def _number():
    """Of the trials that there were so far: what draws this one's noise."""
    path = Path(os.environ["SLOWED_BY"]).with_suffix(".trials")
    number = int(path.read_text()) if path.exists() else 0
    path.write_text(str(number + 1))
    return number


class Real:
    """The machine's clock."""

    perf_counter, sleep = staticmethod(time.perf_counter), staticmethod(time.sleep)

    def step(self, count):
        pass


class Stepped:
    """A clock that nothing moves but steps and pauses; a step's time varies by 2 %."""

    process_time = staticmethod(time.process_time)

    def __init__(self, step_seconds, seed, now):
        self._step_seconds = step_seconds
        self._random = random.Random(seed)
        self._now = now

    def perf_counter(self):
        return self._now

    def sleep(self, seconds):
        self._now += seconds

    def step(self, count):
        self._now += count * self._step_seconds * (1 + 0.02 * self._random.gauss())


class Trainer:
    """All of the framework's own, but for the pauses."""

    def __init__(self, *arguments):
        self._trainer = _framework().Trainer(*arguments)
        self._part = float(Path(os.environ["SLOWED_BY"]).read_text())
        self._clock = Real()
        if step_seconds := float(os.environ.get("SLOWED_STEP_SECONDS", "0")):
            from services.trial import phases  # noqa: PLC0415 - nothing for the runner's own process

            now = phases.time.perf_counter()  # of the real one, or of the trial before
            self._clock = phases.time = Stepped(step_seconds, _number(), now)

    def __getattr__(self, name):
        return getattr(self._trainer, name)

    def train_epoch(self, epoch):
        clock = self._clock
        worked = paused = 0.0
        began = clock.perf_counter()
        for steps in self._trainer.train_epoch(epoch):
            clock.step(len(steps.losses))
            worked += clock.perf_counter() - began
            began = clock.perf_counter()
            if self._part * worked > paused:  # a pause is longer than asked for: the next makes up
                clock.sleep(self._part * worked - paused)
            paused += clock.perf_counter() - began
            yield steps
            began = clock.perf_counter()

    def evaluate(self):
        self._clock.step(1)
        return self._trainer.evaluate()


if __name__ == "__main__":
    from services.runner import server
    from tests.system import warm

    name = os.environ["SLOWED"]
    FRAMEWORKS[name] = Framework("tests.bench.slowed", FRAMEWORKS[name].requires, 0)
    if "SLOWED_STEP_SECONDS" in os.environ:  # by such a clock all processes are alike
        sys.exit(warm.serve())
    sys.exit(server.main(sys.argv[1:]))
