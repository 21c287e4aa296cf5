"""LastStep: the last position of a sequence."""

import numpy as np


def forward(layer, x, at):
    return x[:, -1]


def backward(layer, x, g, at):
    found = np.zeros_like(x)
    found[:, -1] = g
    return found, {}
