"""Loss and accuracy, by one function for all frameworks."""

from typing import assert_never

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.enums import Loss
from twinrun.contract.events import Metrics


def evaluate(logits: NDArray[np.floating], labels: NDArray[np.int32], loss: Loss) -> Metrics:
    """Return mean ``loss`` and accuracy of logits float[n, classes], labels int32[n].

    They are computed in float64. A tie goes to the lower class. A sample with a NaN among its
    logits counts as wrong and makes the loss NaN; so does an infinite greatest logit.
    """
    wide = logits.astype(np.float64)
    match loss:
        case Loss.SOFTMAX_CROSS_ENTROPY:
            losses = _softmax_cross_entropies(wide, labels)
        case _:
            assert_never(loss)
    right = (wide.argmax(axis=1) == labels) & ~np.isnan(wide).any(axis=1)
    return Metrics(float(losses.mean()), float(right.mean()), len(labels))


def _softmax_cross_entropies(
    logits: NDArray[np.float64], labels: NDArray[np.int32]
) -> NDArray[np.float64]:
    rows = np.arange(len(labels))
    with np.errstate(invalid="ignore"):  # inf - inf: it shows in the loss
        shifted = logits - logits.max(axis=1, keepdims=True)
        losses: NDArray[np.float64] = np.log(np.exp(shifted).sum(axis=1)) - shifted[rows, labels]
    return losses


def mean_over_samples(values: NDArray[np.floating], batch_sizes: NDArray[np.int64]) -> float:
    """Return an epoch's mean over samples, in float64, from its steps' means, float[steps]."""
    return float(np.dot(values.astype(np.float64), batch_sizes) / batch_sizes.sum())
