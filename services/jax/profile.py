"""Where the time of a few steps goes, by JAX's own profiler."""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import jax
from twinrun.contract.events import Profiled

from services.trial.profiles import Span, longest, of_gpu

_HOST, _XLA = "/host:CPU", "tf_XLA"  # a plane, and how the names of XLA's threads begin
_PER_SECOND = 1_000_000_000  # its clock counts nanoseconds


def profiled(take_steps: Callable[[], int], on_gpu: bool) -> Profiled:
    """Profile ``take_steps``, which returns how many it took. On a GPU only its kernels count."""
    with tempfile.TemporaryDirectory() as directory:
        with jax.profiler.trace(directory):
            start = time.perf_counter()
            steps = take_steps()
            wall_seconds = time.perf_counter() - start
        spans = [
            span for path in Path(directory).rglob("*.xplane.pb") for span in _spans(path, on_gpu)
        ]
    if on_gpu:
        return of_gpu(spans, _PER_SECOND, steps, wall_seconds)
    return longest(((name, (end - at) / _PER_SECOND) for name, at, end in spans), steps)


def _spans(path: Path, on_gpu: bool) -> Iterator[Span]:
    """Yield what ran on XLA's threads, or on a GPU."""
    for plane in jax.profiler.ProfileData.from_file(str(path)).planes:
        for line in plane.lines:
            of_gpu = plane.name.startswith("/device:GPU") and line.name.startswith("Stream")
            of_cpu = plane.name == _HOST and line.name.startswith(_XLA)
            if of_gpu if on_gpu else of_cpu:
                for event in line.events:
                    at = int(event.start_ns)
                    yield event.name, at, at + int(event.duration_ns)
