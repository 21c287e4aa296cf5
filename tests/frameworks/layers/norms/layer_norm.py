"""LayerNorm: over the last axis."""

import numpy as np


def standard(x, axes, epsilon):
    """Return what is normalised over ``axes``, and the factor by which it was."""
    centred = x - x.mean(axis=axes, keepdims=True)
    scale = 1 / np.sqrt((centred**2).mean(axis=axes, keepdims=True) + epsilon)
    return centred * scale, scale


def of_standard(g, made, scale, axes):
    """Return the gradient by what was normalised, from that by the ``made``."""
    shift = g.mean(axis=axes, keepdims=True) + made * (g * made).mean(axis=axes, keepdims=True)
    return scale * (g - shift)


def forward(layer, x, at):
    return standard(x, -1, layer.epsilon)[0] * at["gamma"] + at["beta"]


def backward(layer, x, g, at):
    made, scale = standard(x, -1, layer.epsilon)
    others = tuple(range(x.ndim - 1))
    found = {"gamma": (g * made).sum(axis=others), "beta": g.sum(axis=others)}
    return of_standard(g * at["gamma"], made, scale, -1), found
