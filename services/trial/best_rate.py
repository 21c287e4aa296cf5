"""The best rate of a repeated computation: the machine's peak. One method for all frameworks."""

import time
from collections.abc import Callable

from twinrun.contract.enums import Device

SIDE = {Device.CPU: 2048, Device.CUDA: 8192}  # of the square matrices
# Of each array in a sum: more than any cache holds. On a GPU a sum of 2**25 takes no longer than
# asking whether it is done.
ELEMENTS = {Device.CPU: 2**25, Device.CUDA: 2**27}
# What one timing takes at least. On a GPU a call only enqueues, and waiting for the result costs
# some 0.1 ms, whatever it is; on a CPU a call ends with its result.
_TIMING_SECONDS = {Device.CPU: 0.0, Device.CUDA: 0.05}
CALLS = 1000  # in one timing of starting operations
_SECONDS = 1.5  # of repeating each
_LEAST = 5  # timings


def best_rate(
    run: Callable[[], object], synchronize: Callable[[], None], amount: float, device: Device
) -> float:
    """Return ``amount``, which one ``run`` does, a second: the best of several timings.

    ``run`` may only enqueue its work, without waiting; ``synchronize`` returns when all is done.
    """
    run()  # does what happens only at first use
    synchronize()
    runs = 1
    while (seconds := _timed(run, synchronize, runs)) < _TIMING_SECONDS[device]:
        runs *= 2
    best = seconds / runs
    timings, began = 1, time.perf_counter() - seconds
    while timings < _LEAST or time.perf_counter() - began < _SECONDS:
        best = min(best, _timed(run, synchronize, runs) / runs)
        timings += 1
    return amount / best


def _timed(run: Callable[[], object], synchronize: Callable[[], None], runs: int) -> float:
    """Return the seconds of so many runs, from one synchronisation to the next."""
    start = time.perf_counter()
    for _ in range(runs):
        run()
    synchronize()
    return time.perf_counter() - start
