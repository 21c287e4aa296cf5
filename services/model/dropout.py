"""Dropout masks: drawn once by NumPy, the same for every framework."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from twinrun.contract import nesting
from twinrun.contract.layers import Dropout, Layer, Leaf, MultiHeadAttention, SpatialDropout2d

_LEVELS = 2**16  # a 16-bit number decides whether a value is kept: fewer bits draw faster
_A_BLOCK = 16  # such numbers that Philox generates at a time


def name(layer: str) -> str:
    """Return the name of a dropout's masks, from that of the layer."""
    return f"{layer}.mask"


def rate(layer: Leaf) -> float | None:
    """Return the share of values that a layer drops. None: it draws no masks."""
    if isinstance(layer, MultiHeadAttention):
        return layer.dropout or None
    return layer.rate if isinstance(layer, Dropout | SpatialDropout2d) else None


def names(layers: Sequence[Layer]) -> list[str]:
    """Return the names of all masks, in model order."""
    return [name(of) for of, layer in nesting.named(layers) if rate(layer) is not None]


def scale(rate: float) -> float:
    """Return the factor for values that are kept, which preserves the mean."""
    return 1 / (1 - rate)


def masks(
    rate: float, shape: tuple[int, ...], *, stream: tuple[int, int, int], first: int, samples: int
) -> NDArray[np.bool_]:
    """Draw masks bool[samples, *shape]: True where a value of ``shape`` is kept.

    ``stream``: seed, epoch and number of the layer. ``first``: the position in the epoch (from 0)
    of the first sample; each position has its own numbers, in however many parts they are drawn.
    """
    seed, epoch, layer = stream
    values = math.prod(shape)
    blocks = -(-values // _A_BLOCK)
    key = [seed, 2**62 + layer * 2**32 + epoch]
    philox = np.random.Philox(key=key, counter=first * blocks)
    drawn = philox.random_raw(samples * blocks * _A_BLOCK // 4).astype("<u8", copy=False)
    numbers = drawn.view("<u2").reshape(samples, blocks * _A_BLOCK)[:, :values]
    kept: NDArray[np.bool_] = numbers >= round(rate * _LEVELS)
    return kept.reshape(samples, *shape)
