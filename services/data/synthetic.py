"""Images made from the seed: one random pattern for each class, under noise."""

import math
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

_CHUNK_BYTES = 1 << 20  # of pixels made at a time


class Split(IntEnum):
    """The stream of a split's labels; its noise has the next. Stream 0 is the patterns."""

    TRAIN = 1
    TEST = 3


def make(
    seed: int, split: Split, samples: int, shape: tuple[int, ...], classes: int
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Make the first ``samples`` of a split: images uint8[n, h, w, c], labels int32[n].

    Both splits have the same patterns.
    """
    pixels = math.prod(shape)
    # Evidence for a class grows with the root of the number of pixels, so the pattern's share of
    # a pixel falls by it: at any size a small network reaches about 95 %, but not at once.
    ratio = 4 / math.sqrt(pixels)
    share = round(256 * ratio / (1 + ratio))
    patterns = _generator(seed, 0).integers(0, 256, (classes, *shape), dtype=np.uint8) * np.uint16(
        share
    )
    labels = _generator(seed, split).integers(0, classes, samples, dtype=np.int32)
    noise = _generator(seed, split + 1)
    images = np.empty((samples, *shape), np.uint8)
    size = max(1, _CHUNK_BYTES // pixels)
    for start in range(0, samples, size):
        wanted = labels[start : start + size]
        drawn = noise.integers(0, 256, (len(wanted), *shape), dtype=np.uint8)
        mixed = drawn * np.uint16(256 - share)
        mixed += patterns[wanted]
        images[start : start + size] = mixed >> 8
    return images, labels


def _generator(seed: int, stream: int) -> np.random.Generator:
    # Keys of their own: batch order has (seed, epoch), initial values (seed, 2**32 + parameter).
    return np.random.Generator(np.random.Philox(key=[seed, 2**33 + stream]))
