"""Failed tries to call, by host: each further one is answered later, and told of less often."""

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import BoundedSemaphore, Event, Lock

import grpc

_FIRST_SECONDS, _MOST_SECONDS = 0.5, 30.0
_MOST_HOSTS = 1000  # that are remembered
_MOST_HELD = 4  # calls that wait for their answer: the others need threads, too


def _until_gone(context: grpc.ServicerContext, seconds: float) -> None:
    """Wait this long, or until the client has gone."""
    gone = Event()
    if context.add_callback(gone.set):
        gone.wait(seconds)


class Failures:
    """The delay of a host doubles with each failure; as long again without one, and it is over.

    ``wait``: as `_until_gone`.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[grpc.ServicerContext, float], None] | None = None,
    ) -> None:
        self._clock, self._wait = clock, wait or _until_gone
        self._seen = OrderedDict[str, tuple[float, float]]()  # when it ends, and the delay
        self._counting = Lock()
        self._held = BoundedSemaphore(_MOST_HELD)

    def holds(self, context: grpc.ServicerContext) -> bool:
        """Hold the answer of a failed call back; return whether to tell of the failure.

        If too many are held already it is answered at once.
        """
        delay, told = self._failed(context.peer().rpartition(":")[0])
        if self._held.acquire(blocking=False):
            try:
                self._wait(context, delay)
            finally:
                self._held.release()
        return told

    def _failed(self, host: str) -> tuple[float, bool]:
        """Return the delay, and whether it is the first failure within one."""
        now = self._clock()
        with self._counting:
            ends, delay = self._seen.get(host, (now, 0.0))
            told = now >= ends
            delay = (
                min(2 * delay, _MOST_SECONDS) if delay and now <= ends + delay else _FIRST_SECONDS
            )
            self._seen[host] = now + delay, delay
            self._seen.move_to_end(host)
            while len(self._seen) > _MOST_HOSTS:
                self._seen.popitem(last=False)
        return delay, told
