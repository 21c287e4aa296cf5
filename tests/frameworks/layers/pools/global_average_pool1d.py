"""GlobalAveragePool1d."""

import numpy as np


def forward(layer, x, at):
    return x.mean(axis=1)


def backward(layer, x, g, at):
    return np.broadcast_to(g[:, None] / x.shape[1], x.shape), {}
