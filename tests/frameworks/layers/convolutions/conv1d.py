"""Conv1d: one value of the kernel after the other."""

import math

import numpy as np

from tests.frameworks.layers.convolutions.conv2d import groups


def zeros(layer, time):
    if not layer.same:
        return layer.padding_1d or (layer.padding, layer.padding)
    reach = layer.dilation * (layer.size - 1) + 1
    total = max(0, (math.ceil(time / layer.stride) - 1) * layer.stride + reach - time)
    return total // 2, total - total // 2


def under(layer, wide):
    """Yield each value of the kernel, and the places of the padded sequence that it meets."""
    count = (wide - layer.dilation * (layer.size - 1) - 1) // layer.stride + 1
    for i in range(layer.size):
        start = i * layer.dilation
        yield i, slice(start, start + layer.stride * count, layer.stride)


def whole(layer, kernel, channels):
    """Return a kernel [size, in, filters] with zeros where a filter sees no channel."""
    made = np.zeros((layer.size, channels, layer.filters))
    for taken, filters in groups(layer, channels):
        made[:, taken, filters] = kernel[..., filters]
    return made


def forward(layer, x, at):
    wide = np.pad(x, ((0, 0), zeros(layer, x.shape[1]), (0, 0)))
    kernel = whole(layer, at["kernel"], x.shape[-1])
    made = sum(wide[:, places] @ kernel[i] for i, places in under(layer, wide.shape[1]))
    return made + at["bias"] if "bias" in at else made


def backward(layer, x, g, at):
    before, after = zeros(layer, x.shape[1])
    wide = np.pad(x, ((0, 0), (before, after), (0, 0)))
    laid = whole(layer, at["kernel"], x.shape[-1])
    back, all_of_it, kernel = np.zeros_like(wide), np.zeros_like(laid), np.zeros_like(at["kernel"])
    for i, places in under(layer, wide.shape[1]):
        all_of_it[i] = np.einsum("btc,btf->cf", wide[:, places], g)
        back[:, places] += g @ laid[i].T
    for taken, filters in groups(layer, x.shape[-1]):
        kernel[..., filters] = all_of_it[:, taken, filters]
    found = {"kernel": kernel} | ({"bias": g.sum(axis=(0, 1))} if "bias" in at else {})
    return back[:, before : before + x.shape[1]], found
