"""Conv2dTranspose: each value of the kernel spreads all pixels."""

import numpy as np


def sides(layer, shape):
    """Return for each axis its kernel's size, stride, pixels cut off before, and pixels left."""
    sizes = layer.size_2d or (layer.size, layer.size)
    strides = layer.stride_2d or (layer.stride, layer.stride)
    for side, size, stride in zip(shape[1:3], sizes, strides, strict=True):
        if layer.same:
            yield size, stride, max(0, size - stride) // 2, side * stride
        else:
            left = (side - 1) * stride + size - 2 * layer.padding + layer.output_padding
            yield size, stride, layer.padding, left


def under(layer, shape):
    """Yield each value's place in the kernel, and the pixels of the whole output that it makes."""
    axes = list(sides(layer, shape))
    for place in np.ndindex(*(size for size, *_ in axes)):
        yield (
            place,
            tuple(
                slice(start, start + stride * side, stride)
                for start, (_, stride, *_), side in zip(place, axes, shape[1:3], strict=True)
            ),
        )


def whole(layer, shape):
    """Return zeros for all that the kernel reaches and all that is wanted, and what is wanted."""
    axes = list(sides(layer, shape))
    large = [
        max(side * stride + size, before + left)
        for side, (size, stride, before, left) in zip(shape[1:3], axes, strict=True)
    ]
    kept = tuple(slice(before, before + left) for *_, before, left in axes)
    return np.zeros((shape[0], *large, layer.filters)), kept


def forward(layer, x, at):
    made, (height, width) = whole(layer, x.shape)
    for (i, j), (rows, columns) in under(layer, x.shape):
        made[:, rows, columns] += x @ at["kernel"][i, j].T
    made = made[:, height, width]
    return made + at["bias"] if "bias" in at else made


def backward(layer, x, g, at):
    wide, (height, width) = whole(layer, x.shape)
    wide[:, height, width] = g
    back, kernel = np.zeros_like(x), np.zeros_like(at["kernel"])
    for (i, j), (rows, columns) in under(layer, x.shape):
        kernel[i, j] = np.einsum("bhwf,bhwc->fc", wide[:, rows, columns], x)
        back += wide[:, rows, columns] @ at["kernel"][i, j]
    found = {"kernel": kernel} | ({"bias": g.sum(axis=(0, 1, 2))} if "bias" in at else {})
    return back, found
