"""How much a caller may upload in a day."""

import time
from collections.abc import Callable, Iterable, Iterator
from threading import Lock

from services.access.roles import Caller
from services.errors import QuotaExceeded

_DAY_SECONDS = 86_400.0


class Quota:
    """At most ``limit_bytes`` a day and caller; who has no name has no quota either."""

    def __init__(self, limit_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._clock = limit_bytes, clock
        self._taken = dict[str, int]()
        self._since = clock()
        self._counting = Lock()

    def counted(self, caller: Caller, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the chunks, each as it comes. Raises QuotaExceeded before the first too many."""
        for chunk in chunks:
            if caller.name:
                self._take(caller.name, len(chunk))
            yield chunk

    def _take(self, name: str, size: int) -> None:
        now = self._clock()
        with self._counting:
            if now > self._since + _DAY_SECONDS:
                self._taken.clear()
                self._since = now
            if self._taken.get(name, 0) + size > self._limit:
                raise QuotaExceeded(
                    f"{name} has uploaded {self._limit:,} bytes today, which is the most: start "
                    "the runner with a larger --blob-quota, or wait."
                )
            self._taken[name] = self._taken.get(name, 0) + size
