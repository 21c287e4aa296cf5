"""A framework's profile -> the longest operations, and how busy they kept a GPU."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from twinrun.contract.events import Operation, Profiled

from services.trial.matched import PROFILED_OPERATIONS

Span = tuple[str, int, int]  # name, start and end
_COPIES = ("Memcpy", "Memset")  # as every framework's profiler begins their names


def longest(found: Iterable[tuple[str, float]], steps: int) -> Profiled:
    """Return the profile of calls, each with its name and its own seconds."""
    calls: dict[str, int] = defaultdict(int)
    times: dict[str, float] = defaultdict(float)
    for name, seconds in found:
        calls[name] += 1
        times[name] += seconds
    names = sorted(times, key=lambda name: -times[name])[:PROFILED_OPERATIONS]
    operations = tuple(Operation(name, calls[name], times[name]) for name in names)
    return Profiled(operations, math.fsum(times.values()), steps)


def of_gpu(spans: Sequence[Span], per_second: int, steps: int, wall_seconds: float) -> Profiled:
    """Return the profile of what ran on a GPU, on any of its streams.

    Starts and ends are in ``per_second``-ths of a second, from the same moment on. The steps took
    ``wall_seconds`` under the profiler.
    """
    kernels = [(start, end) for name, start, end in spans if not name.startswith(_COPIES)]
    found = longest(((name, (end - start) / per_second) for name, start, end in spans), steps)
    return Profiled(
        found.operations,
        found.total_seconds,
        steps,
        kernels=len(kernels),
        busy_seconds=_covered(kernels) / per_second,
        wall_seconds=wall_seconds,
    )


def _covered(spans: Iterable[tuple[int, int]]) -> int:
    """Return for how long at least one of the spans lasted."""
    covered, until = 0, None
    for start, end in sorted(spans):
        begin = start if until is None else max(start, until)
        if end > begin:
            covered, until = covered + end - begin, end
    return covered
