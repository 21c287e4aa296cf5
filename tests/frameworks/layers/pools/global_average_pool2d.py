"""GlobalAveragePool2d."""

import numpy as np


def forward(layer, x, at):
    return x.mean(axis=(1, 2))


def backward(layer, x, g, at):
    return np.broadcast_to(g[:, None, None] / (x.shape[1] * x.shape[2]), x.shape), {}
