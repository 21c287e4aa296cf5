"""Conv2d, with or without a bias."""

import numpy as np
from twinrun.contract.layers import Conv2d

from tests.frameworks.layers.windows import laid_back, windows


def padded(x, layer: Conv2d):
    """Add zeros around images [batch, h, w, c]."""
    return np.pad(x, ((0, 0), (layer.padding,) * 2, (layer.padding,) * 2, (0, 0)))


def forward(layer, x, at):
    made = np.einsum("bhwcij,ijcf->bhwf", windows(padded(x, layer), layer), at["kernel"])
    return made + at["bias"] if "bias" in at else made


def backward(layer, x, g, at):
    x = padded(x, layer)
    found = {"kernel": np.einsum("bhwcij,bhwf->ijcf", windows(x, layer), g)}
    if "bias" in at:
        found["bias"] = g.sum(axis=(0, 1, 2))
    g = laid_back(np.einsum("bhwf,ijcf->bhwcij", g, at["kernel"]), x.shape, layer)
    edge = slice(layer.padding, -layer.padding or None)
    return g[:, edge, edge], found
