"""Samples that differ because of what stands where: an order, a label, a batch that is missing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestrator.results.readers.causes import Cause, Why, why

Floats = NDArray[np.float64]
_MOST_SHIFT = 3  # of labels, in samples
_LEAST_SEEN = 3  # labels that must agree for a shift to be one


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """Normalised images float64[n, h, w, c] and their labels, as a reader gives them."""

    images: Floats
    labels: tuple[int, ...]

    def first(self, count: int) -> "Read":
        return Read(self.images[:count], self.labels[:count])


def apart(one: Floats, other: Floats) -> Floats:
    """Return the largest difference of each image, float64[n]; NaN counts as infinite."""
    found: Floats = np.abs(one - other).reshape(len(one), -1).max(axis=1)
    found[np.isnan(found)] = np.inf
    return found


def of_labels(one: Sequence[int], other: Sequence[int]) -> Why:
    """Return why labels of the same images differ."""
    first, second = np.array(one), np.array(other)
    offsets = second - first
    if len(np.unique(offsets)) == 1:
        return why(Cause.CLASS_NUMBERS, count=int(offsets[0]))
    repeated = len(np.unique(first)) < len(first)
    if repeated and _is_bijection(first, second):
        return why(Cause.CLASS_ORDER)
    for count in range(1, min(_MOST_SHIFT, len(first) - _LEAST_SEEN) + 1):
        if (second[count:] == first[:-count]).all():
            return why(Cause.LABELS_SHIFTED, count=count)
        if (second[:-count] == first[count:]).all():
            return why(Cause.LABELS_SHIFTED, count=-count)
    if _is_bijection(first, second):
        return why(Cause.CLASS_ORDER)
    return why(Cause.UNKNOWN)


def of_order(one: Read, other: Read, tolerance: float) -> Why | None:
    """Return that the images are the same in another order; None: they are not."""
    left = list(range(len(one.images)))
    places = []
    for image in other.images:
        near = apart(one.images[left], np.broadcast_to(image, one.images[left].shape))
        if near.min() > tolerance:
            return None
        places.append(left.pop(int(near.argmin())))
    if other.labels == tuple(one.labels[place] for place in places):
        return why(Cause.SAMPLE_ORDER)
    return why(Cause.IMAGE_ORDER if other.labels == one.labels else Cause.UNKNOWN)


def _is_bijection(first: NDArray[np.generic], second: NDArray[np.generic]) -> bool:
    pairs = set(zip(first.tolist(), second.tolist(), strict=True))
    return len(pairs) == len(np.unique(first)) == len(np.unique(second))
