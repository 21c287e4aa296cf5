"""The times that training waits: for its data, and for the device at the edge of a chunk."""

import time
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Waiting(Generic[T]):
    """Iterates, and adds up the seconds spent waiting for the next item."""

    def __init__(self, batches: Iterator[T]) -> None:
        self._batches = batches
        self._seconds = 0.0

    def __iter__(self) -> Iterator[T]:
        while True:
            start = time.perf_counter()
            try:
                batch = next(self._batches)
            except StopIteration:
                return
            finally:
                self._seconds += time.perf_counter() - start
            yield batch

    def taken(self) -> float:
        """Return the seconds since the last call."""
        seconds, self._seconds = self._seconds, 0.0
        return seconds


def timed(fetch: Callable[[], T]) -> tuple[T, float]:
    """Return the result of ``fetch``, and the seconds that it took."""
    start = time.perf_counter()
    found = fetch()
    return found, time.perf_counter() - start
