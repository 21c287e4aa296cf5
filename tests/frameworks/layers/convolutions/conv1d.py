"""Conv1d: one value of the kernel after the other."""

import math

import numpy as np


def zeros(layer, time):
    if not layer.same:
        return layer.padding_1d or (layer.padding, layer.padding)
    total = max(0, (math.ceil(time / layer.stride) - 1) * layer.stride + layer.size - time)
    return total // 2, total - total // 2


def under(layer, wide):
    """Yield each value of the kernel, and the places of the padded sequence that it meets."""
    count = (wide - layer.size) // layer.stride + 1
    for i in range(layer.size):
        yield i, slice(i, i + layer.stride * count, layer.stride)


def forward(layer, x, at):
    wide = np.pad(x, ((0, 0), zeros(layer, x.shape[1]), (0, 0)))
    made = sum(wide[:, places] @ at["kernel"][i] for i, places in under(layer, wide.shape[1]))
    return made + at["bias"] if "bias" in at else made


def backward(layer, x, g, at):
    before, after = zeros(layer, x.shape[1])
    wide = np.pad(x, ((0, 0), (before, after), (0, 0)))
    back, kernel = np.zeros_like(wide), np.zeros_like(at["kernel"])
    for i, places in under(layer, wide.shape[1]):
        kernel[i] = np.einsum("btc,btf->cf", wide[:, places], g)
        back[:, places] += g @ at["kernel"][i].T
    found = {"kernel": kernel} | ({"bias": g.sum(axis=(0, 1))} if "bias" in at else {})
    return back[:, before : before + x.shape[1]], found
