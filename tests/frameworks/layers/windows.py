"""Windows that slide over images [batch, h, w, c]."""

import numpy as np


def windows(x, layer):
    """Return the values under each position of a window: [batch, h', w', c, size, size]."""
    found = np.lib.stride_tricks.sliding_window_view(x, (layer.size,) * 2, axis=(1, 2))
    return found[:, :: layer.stride, :: layer.stride]


def laid_back(under, shape, layer):
    """Return the sum of windows at their positions in images of ``shape``."""
    found = np.zeros(shape)
    _, height, width, *_ = under.shape
    for i, j in np.ndindex(layer.size, layer.size):
        rows = slice(i, i + layer.stride * height, layer.stride)
        columns = slice(j, j + layer.stride * width, layer.stride)
        found[:, rows, columns] += under[..., i, j]
    return found
