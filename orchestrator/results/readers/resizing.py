"""The ways in which libraries resize images, each by its formula, in NumPy."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Filter(StrEnum):
    """Which old pixels make a new one."""

    NEAREST = "nearest"
    NEAREST_CORNER = "nearest_corner"  # PyTorch's nearest
    BILINEAR = "bilinear"
    BILINEAR_CORNERS = "bilinear_corners"  # aligned, as of earlier TensorFlow
    BICUBIC = "bicubic"
    BICUBIC_SHARP = "bicubic_sharp"  # of a = -0.75: PyTorch's and OpenCV's


@dataclass(frozen=True, slots=True)
class Way:
    """A filter; with ``antialias`` it is as much wider as images become smaller."""

    filter: Filter
    antialias: bool = False


# The likeliest first: where two make the same of an image, the first one is named.
WAYS = (
    Way(Filter.BILINEAR, antialias=True),
    Way(Filter.BILINEAR),
    Way(Filter.NEAREST),
    Way(Filter.NEAREST_CORNER),
    Way(Filter.BICUBIC, antialias=True),
    Way(Filter.BICUBIC),
    Way(Filter.BICUBIC_SHARP),
    Way(Filter.BILINEAR_CORNERS),
)


def resized(pixels: Floats, size: tuple[int, int], way: Way) -> Floats:
    """Return float64[h, w, c] in the ``size`` (height, width)."""
    rows, columns = (
        _weights(old, new, way) for old, new in zip(pixels.shape[:2], size, strict=True)
    )
    along: Floats = np.einsum("ij,jkc->ikc", rows, pixels)
    made: Floats = np.einsum("ij,kjc->kic", columns, along)
    return made


def _weights(old: int, new: int, way: Way) -> Floats:
    """Return what each of the ``new`` pixels takes of the ``old`` ones: float64[new, old]."""
    numbers, scale = np.arange(new, dtype=np.float64), old / new
    centres = (numbers + 0.5) * scale - 0.5
    match way.filter:
        case Filter.NEAREST:
            return _taken(old, (numbers + 0.5) * scale)
        case Filter.NEAREST_CORNER:
            return _taken(old, numbers * scale)
        case Filter.BILINEAR:
            kernel: Callable[[Floats], Floats] = _triangle
        case Filter.BILINEAR_CORNERS:
            kernel, centres = _triangle, numbers * ((old - 1) / max(new - 1, 1))
        case Filter.BICUBIC:
            kernel = _cubic(-0.5)
        case Filter.BICUBIC_SHARP:
            kernel = _cubic(-0.75)
        case _:
            assert_never(way.filter)
    # What is beyond the edge counts as the edge in PyTorch's, and is left out in the others.
    margin = 2 if way.filter is Filter.BICUBIC_SHARP else 0
    places = np.arange(-margin, old + margin)
    width = max(scale, 1.0) if way.antialias else 1.0
    found = kernel((places - centres[:, np.newaxis]) / width)
    weights = np.zeros((new, old))
    for column, place in enumerate(np.clip(places, 0, old - 1)):
        weights[:, place] += found[:, column]
    weights /= weights.sum(axis=1, keepdims=True)
    return weights


def _taken(old: int, places: Floats) -> Floats:
    found: Floats = np.eye(old)[np.floor(places).astype(int)]
    return found


def _triangle(x: Floats) -> Floats:
    found: Floats = np.maximum(1 - np.abs(x), 0)
    return found


def _cubic(a: float) -> Callable[[Floats], Floats]:
    """Return Keys's cubic of the parameter ``a``."""

    def kernel(x: Floats) -> Floats:
        x = np.abs(x)
        near = ((a + 2) * x - (a + 3)) * x * x + 1
        far = (((x - 5) * x + 8) * x - 4) * a
        found: Floats = np.where(x < 1, near, np.where(x < 2, far, 0))
        return found

    return kernel
