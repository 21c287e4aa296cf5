"""GlobalMaxPool2d: the first of equal values gets the gradient."""

import numpy as np


def forward(layer, x, at):
    return x.max(axis=(1, 2))


def backward(layer, x, g, at):
    rows = x.reshape(len(x), -1, x.shape[-1])
    first = np.arange(rows.shape[1])[None, :, None] == rows.argmax(axis=1)[:, None]
    return (first * g[:, None]).reshape(x.shape), {}
