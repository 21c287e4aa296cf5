"""Where the time of a few steps goes, by TensorFlow's own profiler."""

import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import tensorflow as tf
from twinrun.contract.events import Profiled

from services.trial.profiles import longest, of_gpu

# The executor's name for an operation: the node, then its kind.
_KERNEL = re.compile(r"[^:]+:(?P<kind>\w+)")
_HOST = "/host:CPU"
_PER_SECOND = 1_000_000_000_000  # its clock counts picoseconds

Span = tuple[int, int, str]  # start and duration in picoseconds, kind


def profiled(take_steps: Callable[[], int], on_gpu: bool) -> Profiled:
    """Profile ``take_steps``, which returns how many it took. On a GPU only its kernels count."""
    with tempfile.TemporaryDirectory() as directory:
        tf.profiler.experimental.start(directory)
        try:
            start = time.perf_counter()
            steps = take_steps()
            wall_seconds = time.perf_counter() - start
        finally:
            tf.profiler.experimental.stop()
        spans = [
            line for path in Path(directory).rglob("*.xplane.pb") for line in _lines(path, on_gpu)
        ]
    if on_gpu:
        ran = [(kind, at, at + lasted) for line in spans for at, lasted, kind in line]
        return of_gpu(ran, _PER_SECOND, steps, wall_seconds)
    own = [each for line in spans for each in self_times(line)]
    found = longest(((kind, lasted / _PER_SECOND) for kind, lasted in own), steps)
    return replace(found, calls=sum(map(calls, spans)))


def self_times(spans: Iterable[Span]) -> Iterator[tuple[str, int]]:
    """Yield each span's kind, and its duration without the spans inside it, for one thread."""
    open_spans: list[list[Any]] = []  # end, kind, remaining duration
    for start, duration, kind in sorted(spans, key=lambda span: (span[0], -span[1])):
        while open_spans and open_spans[-1][0] <= start:
            _, ended, left = open_spans.pop()
            yield ended, left
        if open_spans:
            open_spans[-1][2] -= duration
        open_spans.append([start + duration, kind, duration])
    for _, kind, left in open_spans:
        yield kind, left


def calls(spans: Iterable[Span]) -> int:
    """Return how many spans of one thread have none inside them: a function's has its body's."""
    order = sorted(spans, key=lambda span: (span[0], -span[1]))
    following = [start for start, _, _ in order[1:]]
    ends = (start + duration for start, duration, _ in order)
    return sum(end <= start for end, start in zip(ends, following, strict=False)) + bool(order)


def _lines(path: Path, on_gpu: bool) -> Iterator[list[Span]]:
    """Yield the spans of each thread, or of each stream of a GPU."""
    # TensorFlow ships no other reader of its profiler's output.
    from tensorflow.tsl.profiler.protobuf import xplane_pb2  # noqa: PLC0415

    space = xplane_pb2.XSpace()
    space.ParseFromString(path.read_bytes())
    for plane in space.planes:
        names = {number: data.name for number, data in plane.event_metadata.items()}
        for line in plane.lines:
            found = [
                (
                    line.timestamp_ns * 1000 + event.offset_ps,
                    event.duration_ps,
                    names[event.metadata_id],
                )
                for event in line.events
            ]
            if on_gpu and plane.name.startswith("/device:GPU") and line.name.startswith("Stream"):
                yield found
            elif not on_gpu and plane.name == _HOST:
                yield [
                    (start, duration, kernel["kind"])
                    for start, duration, name in found
                    if (kernel := _KERNEL.fullmatch(name))
                ]
