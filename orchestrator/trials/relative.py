"""Relative differences, by one rule everywhere."""

import numpy as np
from numpy.typing import NDArray


def differences(
    a: NDArray[np.float64], b: NDArray[np.float64], scale: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """|a - b| / ``scale``, of the arrays' shape; without a scale over max(|a|, |b|).

    0 where both are the same number, infinite where one of them is not finite.
    """
    with np.errstate(all="ignore"):
        relative = np.abs(a - b) / (np.maximum(np.abs(a), np.abs(b)) if scale is None else scale)
    relative = np.where(a == b, 0.0, relative)
    return np.where(np.isfinite(a) & np.isfinite(b), relative, np.inf)
