"""Loss and accuracy, by one function for every framework."""

import numpy as np
from numpy.typing import NDArray

from services.events import Metrics


def evaluate(logits: NDArray[np.float32], labels: NDArray[np.int32]) -> Metrics:
    """Mean softmax cross-entropy and accuracy of logits float32[n, classes], labels int32[n].

    Computed in float64. A tie goes to the lower class. A sample with a NaN among its logits
    counts as wrong, and makes the loss NaN; so does an infinite greatest logit.
    """
    wide = logits.astype(np.float64)
    rows = np.arange(len(labels))
    with np.errstate(invalid="ignore"):  # inf - inf: the loss tells
        shifted = wide - wide.max(axis=1, keepdims=True)
        losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[rows, labels]
    right = (wide.argmax(axis=1) == labels) & ~np.isnan(wide).any(axis=1)
    return Metrics(float(losses.mean()), float(right.mean()), len(labels))


def mean_loss(losses: NDArray[np.floating], batch_size: int, samples: int) -> float:
    """An epoch's mean loss a sample, from its steps' mean losses float[steps], in float64.

    The last batch may be short, and weighs by its size. Raises ValueError where the number of
    steps is not that of ``samples`` in batches of ``batch_size``.
    """
    sizes = np.minimum(batch_size, samples - np.arange(0, samples, batch_size))
    if losses.shape != sizes.shape:
        raise ValueError(f"{losses.shape} losses were given for {len(sizes)} steps")
    return float(np.dot(losses.astype(np.float64), sizes) / samples)
