"""GlobalMaxPool1d: the first of equal values gets the gradient.

Padded steps have none, and where there is no other step the value is 0.
"""

import numpy as np


def _first(x, at):
    """Return where the largest values are, [batch, time, width]."""
    counted = np.ones(x.shape[:2], bool) if at.counted is None else at.counted
    counted = counted[..., None]
    places = np.where(counted, x, -np.inf).argmax(axis=1)
    return (np.arange(x.shape[1])[None, :, None] == places[:, None]) & counted


def forward(layer, x, at):
    return (x * _first(x, at)).sum(axis=1)


def backward(layer, x, g, at):
    return _first(x, at) * g[:, None], {}
