"""Conv2d, with or without a bias: one value of the kernel after the other."""

import math

import numpy as np
from twinrun.contract.layers import Conv2d


def sides(layer: Conv2d, shape):
    """Return for each axis its kernel's size, stride, and zeros before and after."""
    sizes = layer.size_2d or (layer.size, layer.size)
    strides = layer.stride_2d or (layer.stride, layer.stride)
    zeros = [(layer.padding, layer.padding)] * 2
    if len(layer.padding_2d) == 2:
        zeros = [layer.padding_2d] * 2
    elif layer.padding_2d:
        zeros = [layer.padding_2d[:2], layer.padding_2d[2:]]
    if layer.same:
        zeros = []
        for side, size, stride in zip(shape[1:3], sizes, strides, strict=True):
            reach = layer.dilation * (size - 1) + 1
            total = max(0, (math.ceil(side / stride) - 1) * stride + reach - side)
            zeros.append((total // 2, total - total // 2))
    return sizes, strides, zeros


def padded(x, layer: Conv2d):
    """Add zeros around images [batch, h, w, c]."""
    return np.pad(x, ((0, 0), *sides(layer, x.shape)[2], (0, 0)))


def under(layer, wide, shape):
    """Yield each value's place in the kernel, and the pixels of padded images that it meets."""
    sizes, strides, _ = sides(layer, shape)
    counts = [
        (side - layer.dilation * (size - 1) - 1) // stride + 1
        for side, size, stride in zip(wide[1:3], sizes, strides, strict=True)
    ]
    for i, j in np.ndindex(*sizes):
        starts = i * layer.dilation, j * layer.dilation
        yield (
            (i, j),
            tuple(
                slice(start, start + stride * count, stride)
                for start, stride, count in zip(starts, strides, counts, strict=True)
            ),
        )


def groups(layer, channels):
    """Yield the channels and the filters of each group."""
    taken, made = channels // layer.groups, layer.filters // layer.groups
    for group in range(layer.groups):
        yield slice(group * taken, (group + 1) * taken), slice(group * made, (group + 1) * made)


def forward(layer, x, at):
    wide = padded(x, layer)
    made = None
    for (i, j), (rows, columns) in under(layer, wide.shape, x.shape):
        seen = wide[:, rows, columns]
        if made is None:
            made = np.zeros((*seen.shape[:3], layer.filters))
        for taken, filters in groups(layer, x.shape[-1]):
            made[..., filters] += seen[..., taken] @ at["kernel"][i, j][:, filters]
    return made + at["bias"] if "bias" in at else made


def backward(layer, x, g, at):
    wide = padded(x, layer)
    found = {"kernel": np.zeros_like(at["kernel"])}
    back = np.zeros_like(wide)
    for (i, j), (rows, columns) in under(layer, wide.shape, x.shape):
        for taken, filters in groups(layer, x.shape[-1]):
            seen, of_made = wide[:, rows, columns, taken], g[..., filters]
            found["kernel"][i, j][:, filters] = np.einsum("bhwc,bhwf->cf", seen, of_made)
            back[:, rows, columns, taken] += of_made @ at["kernel"][i, j][:, filters].T
    if "bias" in at:
        found["bias"] = g.sum(axis=(0, 1, 2))
    (top, _), (left, _) = sides(layer, x.shape)[2]
    return back[:, top : top + x.shape[1], left : left + x.shape[2]], found
