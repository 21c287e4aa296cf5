"""The best rate of a repeated computation: the machine's peak."""

import time
from collections.abc import Callable

SIDE = {"cpu": 2048, "cuda": 8192}  # of the square matrices
ELEMENTS = 2**25  # of each array in a sum: more than any cache holds
_SECONDS = 1.5  # of repeating each
_LEAST = 5  # repetitions


def best_rate(run: Callable[[], None], amount: float) -> float:
    """Return ``amount`` over the seconds of the fastest ``run``, which ends synchronised."""
    run()  # does what happens only at first use
    times: list[float] = []
    began = time.perf_counter()
    while len(times) < _LEAST or time.perf_counter() - began < _SECONDS:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return amount / min(times)
