"""BatchNorm: in training by the batch's own statistics, which also update the moving ones."""

import numpy as np


def of_channels(x):
    """Return mean and biased variance, over all axes except the last."""
    axes = tuple(range(x.ndim - 1))
    mean = x.mean(axis=axes)
    return mean, ((x - mean) ** 2).mean(axis=axes)


def forward(layer, x, at):
    moving = at["moving_mean"], at["moving_variance"]
    mean, variance = of_channels(x) if at.place else moving
    return at["gamma"] * ((x - mean) / np.sqrt(variance + layer.epsilon)) + at["beta"]


def backward(layer, x, g, at):
    axes = tuple(range(g.ndim - 1))
    mean, variance = of_channels(x)
    standard = (x - mean) / np.sqrt(variance + layer.epsilon)
    found = {"gamma": (g * standard).sum(axis=axes), "beta": g.sum(axis=axes)}
    g = g * at["gamma"] / np.sqrt(variance + layer.epsilon)
    return g - g.mean(axis=axes) - standard * (g * standard).mean(axis=axes), found


def keep(layer, x, at):
    """Move the moving statistics towards those of the batch ``x``."""
    for of, value in zip(("mean", "variance"), of_channels(x), strict=True):
        moving = at[f"moving_{of}"]
        moving[...] = layer.momentum * moving + (1 - layer.momentum) * value
