"""Ends a stream that sends nothing, or that continues after a limit set meanwhile."""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Limit:
    """The time at which a waiting caller must give up. Any thread may set it."""

    def __init__(self) -> None:
        # Taken by itself: Ctrl-C inside of `Condition.__enter__` would leave it held for ever.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._at = math.inf

    def set(self, seconds: float) -> None:
        """Set the limit, counted from now; `math.inf`: never."""
        with self._lock:
            self._at = time.monotonic() + seconds
            self._changed.notify_all()

    @property
    def left(self) -> float:
        """Seconds; 0 after the limit."""
        return max(0.0, self._at - time.monotonic())

    @contextmanager
    def over(self, stream: Any, silent_seconds: float) -> Iterator["Watch"]:
        """Cancel ``stream`` at the limit, or if nothing is heard for ``silent_seconds``.

        The caller reports to the `Watch` what it hears. The stream ends with the block.
        """
        watch = Watch(silent_seconds)
        guard = threading.Thread(target=self._guard, args=(stream, watch), daemon=True)
        guard.start()
        try:
            yield watch
        finally:
            with self._lock:
                watch.over = True
                self._changed.notify_all()
            stream.cancel()
            guard.join()

    def _guard(self, stream: Any, watch: "Watch") -> None:
        with self._lock:
            while not watch.over and watch.left > 0 and self.left > 0:
                self._changed.wait(min(watch.left, self.left, threading.TIMEOUT_MAX))
            watch.silent = not watch.over and watch.left == 0
        stream.cancel()


class Watch:
    """A stream under watch; ``silent``: it was ended because it sent nothing."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.silent = self.over = False
        self.heard()

    def heard(self) -> None:
        self._last = time.monotonic()

    @property
    def left(self) -> float:
        """Seconds until it counts as silent."""
        return max(0.0, self._last + self._seconds - time.monotonic())
