"""Where the time of a few steps goes, by JAX's own profiler."""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import jax
from twinrun.contract.events import Profiled

from services.trial.profiles import Span, longest, of_gpu

_HOST, _XLA = "/host:CPU", "tf_XLA"  # a plane, and how the names of XLA's threads begin
_LAST = 2**62  # after all of them
_PER_SECOND = 1_000_000_000  # its clock counts nanoseconds


def profiled(take_steps: Callable[[], int], on_gpu: bool) -> Profiled:
    """Profile ``take_steps``, which returns how many it took. On a GPU only its kernels count."""
    with tempfile.TemporaryDirectory() as directory:
        with jax.profiler.trace(directory):
            start = time.perf_counter()
            steps = take_steps()
            wall_seconds = time.perf_counter() - start
        found = Path(directory).rglob("*.xplane.pb")
        lines = [line for path in found for line in _lines(path, on_gpu)]
    if on_gpu:
        return of_gpu([span for line in lines for span in line], _PER_SECOND, steps, wall_seconds)
    own = (each for line in lines for each in _own_times(line))
    return longest(((name, lasted / _PER_SECOND) for name, lasted in own), steps)


def _own_times(spans: list[Span]) -> Iterator[tuple[str, int]]:
    """Yield each operation's name, and its duration without the spans inside it, for one thread.

    What runs operations, or waits for them, is none: its names are those of functions in C++.
    """
    open_spans: list[tuple[str, int, int]] = []  # name, end, remaining duration
    for name, start, end in [
        *sorted(spans, key=lambda span: (span[1], -span[2])),
        ("", _LAST, _LAST),
    ]:
        while open_spans and open_spans[-1][1] <= start:
            ended, _, left = open_spans.pop()
            if "::" not in ended:
                yield ended, left
        if open_spans:
            around, until, left = open_spans.pop()
            open_spans.append((around, until, left - (end - start)))
        open_spans.append((name, end, end - start))


def _lines(path: Path, on_gpu: bool) -> Iterator[list[Span]]:
    """Yield what ran on each of XLA's threads, or on each stream of a GPU."""
    for plane in jax.profiler.ProfileData.from_file(str(path)).planes:
        for line in plane.lines:
            of_gpu = plane.name.startswith("/device:GPU") and line.name.startswith("Stream")
            of_cpu = plane.name == _HOST and line.name.startswith(_XLA)
            if of_gpu if on_gpu else of_cpu:
                yield [
                    (each.name, int(each.start_ns), int(each.start_ns) + int(each.duration_ns))
                    for each in line.events
                ]
