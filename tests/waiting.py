"""How tests wait: for what must come, with one limit that only a hang reaches.

No test's verdict may depend on how fast the machine is. So a test waits for a condition, moves a
clock of its own, or blocks for longer than it waits; it never measures how long something took.
"""

import os
import time
from collections.abc import Callable

# Nothing takes so long, on whatever machine: it hangs. Who mends a test that does may wait less.
HANG_SECONDS = float(os.environ.get("TWINRUN_TEST_HANG_SECONDS") or 1800)
FOREVER_SECONDS = 100 * HANG_SECONDS  # what blocks for so long does not end by itself
_PAUSE_SECONDS = 0.02


def eventually(holds: Callable[[], object]) -> bool:
    """Whether it holds at last; False: it hangs."""
    end = time.monotonic() + HANG_SECONDS
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True


class Clock:
    """Stands in for the `time` module: its seconds pass when the test says so."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def move(self, seconds: float) -> None:
        self.now += seconds

    def monotonic(self) -> float:
        return self.now
