"""How long a trained model takes for a batch."""

import time
from collections.abc import Callable

import numpy as np

from services.events import Latency

BATCH_SIZES = (1, 8, 64, 512)
_WARM_CALLS = 10
_LEAST_CALLS, _MOST_CALLS, _SECONDS = 20, 1000, 0.5  # of each size


def latencies(
    predictor: Callable[[int], Callable[[], object]], samples: int
) -> tuple[Latency, ...]:
    """Of each batch size that ``samples`` test samples make; ``predictor`` as a trainer's."""
    return tuple(_latency(predictor(size), size) for size in BATCH_SIZES if size <= samples)


def _latency(predict: Callable[[], object], size: int) -> Latency:
    for _ in range(_WARM_CALLS):
        predict()
    seconds: list[float] = []
    while len(seconds) < _LEAST_CALLS or (sum(seconds) < _SECONDS and len(seconds) < _MOST_CALLS):
        start = time.perf_counter()
        predict()
        seconds.append(time.perf_counter() - start)
    p50, p90, p99 = np.percentile(seconds, [50, 90, 99]).tolist()
    return Latency(size, len(seconds), p50, p90, p99, size * len(seconds) / sum(seconds))
