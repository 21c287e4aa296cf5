"""The best rate of something that is run again and again: what the machine can do at most."""

import time
from collections.abc import Callable

SIDE = {"cpu": 2048, "cuda": 8192}  # of the square matrices
ELEMENTS = 2**25  # of each array in a sum: more than any cache holds
_SECONDS = 1.5  # for which each is repeated
_LEAST = 5  # times


def best_rate(run: Callable[[], None], amount: float) -> float:
    """``amount`` over the seconds of the quickest ``run``, which ends synchronised."""
    run()  # makes what is made at first use
    times: list[float] = []
    began = time.perf_counter()
    while len(times) < _LEAST or time.perf_counter() - began < _SECONDS:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return amount / min(times)
