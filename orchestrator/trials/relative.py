"""Relative differences, by one rule everywhere."""

import numpy as np
from numpy.typing import NDArray

_SMALL = 0.01


def differences(
    a: NDArray[np.float64], b: NDArray[np.float64], scale: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return abs(a - b) / ``scale``, elementwise; without a scale over max(abs(a), abs(b)).

    0 if both are the same number, infinite if one of them is not finite.
    """
    with np.errstate(all="ignore"):
        relative = np.abs(a - b) / (np.maximum(np.abs(a), np.abs(b)) if scale is None else scale)
    relative = np.where(a == b, 0.0, relative)
    return np.where(np.isfinite(a) & np.isfinite(b), relative, np.inf)


def of_losses(
    a: NDArray[np.float64], b: NDArray[np.float64], first: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return differences of two trials' losses, relative to the larger of the two.

    A loss is a difference of logits or of targets, and keeps their rounding however small it gets.
    One below a hundredth of the first step's is therefore held against that hundredth. ``first``:
    the first step's, float64[1] or empty; None: the losses are those of steps.
    """
    with np.errstate(all="ignore"):
        sizes = np.maximum(np.abs(a), np.abs(b))
        least = _SMALL * (sizes[:1] if first is None else first)
        return differences(a, b, np.fmax(sizes, least) if len(least) else sizes)
