"""AveragePool2d: the mean of each channel over each window of an image."""

import functools
import operator

import jax
from twinrun.contract.layers import AveragePool2d

from services.jax.layers.given import Given
from services.jax.layers.pools.windows import places


def computed(layer: AveragePool2d, x: jax.Array, _: Given) -> jax.Array:
    """Implement `services.jax.layers.Kind`."""
    found = places(x, layer.size, layer.stride)
    return functools.reduce(operator.add, found) / len(found)
