"""What looks at a directory again and again, in a thread of its own."""

import threading
from abc import ABC, abstractmethod
from contextlib import suppress

from orchestrator.errors import RunUnreadable

_LOOK_SECONDS = 1.0  # between two looks
_STOP_SECONDS = 1.0


class Looking(ABC):
    """Looks from `start` to `stop`; ``name`` is the thread's."""

    def __init__(self, name: str) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            # A file that is being written or moved, damaged or gone is read the next time.
            with suppress(OSError, RunUnreadable, KeyError, TypeError, ValueError):
                self.look()
            self._stopping.wait(_LOOK_SECONDS)

    @abstractmethod
    def look(self) -> None:
        """Look once. What `_run` passes over, it may raise."""
