"""Has a clock of its own: by it a step takes a hundredth of a second, and nothing else any time.

So what is said of its speed is the same on every machine, also on a busy one: it counts no load.
"""

import time
from types import SimpleNamespace

from services.machine import load
from services.trial import phases
from tests.integration.fakes import good
from tests.integration.fakes.good import environment

__all__ = ["Trainer", "environment"]

STEP_SECONDS = 0.01
_clock = SimpleNamespace(seconds=0.0)
phases.time = SimpleNamespace(
    perf_counter=lambda: _clock.seconds, process_time=time.process_time, monotonic=time.monotonic
)
load.read = lambda: None


class Trainer(good.Trainer):
    def step(self, batch):
        _clock.seconds += STEP_SECONDS
        return super().step(batch)

    def evaluate(self):
        _clock.seconds += STEP_SECONDS
        return super().evaluate()
