"""The latency of a trained model for a batch."""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.events import Latency

BATCH_SIZES = (1, 8, 64, 512)
_WARM_CALLS = 10
_LEAST_CALLS, _MOST_CALLS, _SECONDS = 20, 1000, 0.5  # for each size

Logits = NDArray[np.floating]
Predict = Callable[[], Logits]


def latencies(
    predictor: Callable[[int], Predict], samples: int, logits: Logits
) -> tuple[Latency, ...]:
    """Time ``predictor``, a trainer's, with each batch size that ``samples`` test samples allow.

    ``logits`` float[samples, classes]: those of an evaluation, to compare the calls' logits with.
    """
    return tuple(
        _latency(predictor(size), logits[:size]) for size in BATCH_SIZES if size <= samples
    )


def _latency(predict: Predict, logits: Logits) -> Latency:
    for _ in range(_WARM_CALLS):
        predict()
    seconds: list[float] = []
    predicted: Logits
    while len(seconds) < _LEAST_CALLS or (sum(seconds) < _SECONDS and len(seconds) < _MOST_CALLS):
        start = time.perf_counter()
        predicted = predict()
        seconds.append(time.perf_counter() - start)
    p50, p90, p99 = np.percentile(seconds, [50, 90, 99]).tolist()
    size = len(logits)
    per_second = size * len(seconds) / sum(seconds)
    return Latency(size, len(seconds), p50, p90, p99, per_second, _apart(predicted, logits))


def _apart(a: Logits, b: Logits) -> float:
    """Return the largest difference relative to the largest logit, where both sides are finite."""
    if a.shape != b.shape:
        raise ValueError(f"the timed calls gave logits of shape {a.shape}, not {b.shape}")
    both = np.isfinite(a) & np.isfinite(b)
    if (np.isfinite(a) != np.isfinite(b)).any():
        raise ValueError("the timed calls gave logits that are no numbers where others are")
    apart = np.abs(a.astype(np.float64) - b)[both].max(initial=0.0)
    return float(apart / np.abs(b[both]).max()) if apart else 0.0
