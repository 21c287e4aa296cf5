"""GlobalMaxPool1d: the first of equal values gets the gradient."""

import numpy as np


def forward(layer, x, at):
    return x.max(axis=1)


def backward(layer, x, g, at):
    first = np.arange(x.shape[1])[None, :, None] == x.argmax(axis=1)[:, None]
    return first * g[:, None], {}
