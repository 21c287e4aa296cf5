"""Sines and cosines of positions, the same for every framework."""

import numpy as np
from numpy.typing import NDArray


def table(time: int, width: int) -> NDArray[np.float64]:
    """Return what is added to a sequence [time, width] (Vaswani et al. 2017, section 3.5)."""
    # PyTorch's compiler makes tensors of these, whose quotients of whole numbers are float32.
    values, positions = np.arange(width, dtype=np.float64), np.arange(time, dtype=np.float64)
    angles = positions[:, None] / 10_000.0 ** (2.0 * (values // 2.0) / width)
    return np.where(values % 2.0 == 1.0, np.cos(angles), np.sin(angles))
