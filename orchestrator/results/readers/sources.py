"""Images that are decoded, made grey or resized in other ways: the files themselves are read."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.results.readers.causes import Cause, Why, why
from orchestrator.results.readers.resizing import WAYS, Filter, Way, resized

Floats = NDArray[np.float64]
Mix = tuple[float, float, float]
_MIXES: tuple[Mix, ...] = ((0.299, 0.587, 0.114), (0.2126, 0.7152, 0.0722), (1 / 3, 1 / 3, 1 / 3))
# In levels of 0 to 255; the first two are roots of mean squares. Some libraries round and clip
# after each direction. Decoders of JPEG differ in transforming and in enlarging colours.
_ROUNDED, _DECODED = 1.0, 4.0
_ONE = 1.01
_LEFT = 0.7  # of the difference, at most: two readers explain half of its square
_WITH = Phrase("{filter} with antialiasing")
_FILTERS = {
    Filter.NEAREST: Phrase("nearest neighbour"),
    Filter.NEAREST_CORNER: Phrase("nearest neighbour from the corner"),
    Filter.BILINEAR: Phrase("bilinear interpolation"),
    Filter.BILINEAR_CORNERS: Phrase("bilinear interpolation with aligned corners"),
    Filter.BICUBIC: Phrase("bicubic interpolation"),
    Filter.BICUBIC_SHARP: Phrase("bicubic interpolation (a = -0.75)"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """An image file as it is: uint8[h, w, 3], and whether it is a JPEG."""

    pixels: NDArray[np.uint8]
    jpeg: bool


@dataclass(frozen=True, slots=True)
class _Reader:
    """How a file becomes a sample: the colours of its grey, and the way of resizing."""

    mix: Mix | None
    way: Way | None

    def read(self, source: Source, size: tuple[int, int]) -> Floats:
        pixels = source.pixels.astype(np.float64)
        if self.mix is not None:
            pixels = pixels @ np.array(self.mix)[:, np.newaxis]
        return pixels if self.way is None else resized(pixels, size, self.way)


def of_sources(one: Floats, other: Floats, sources: Sequence[Source]) -> Why | None:
    """Return how two readers differ, whose images are float64[n, h, w, c] in levels of 0 to 255.

    ``sources`` are the images' files; with none of them, only how levels are rounded is known.
    None: it is in no known way.
    """
    difference = other - one
    if not sources:
        return why(Cause.ROUNDING) if np.abs(difference).max() <= _ONE else None
    left, readers = [], []
    for images in (one, other):
        reader, residue = _likeliest(images, sources)
        readers.append(reader)
        left.append(residue)
    first, second = readers
    jpeg = any(source.jpeg for source in sources)
    is_resized = first.way is not None
    if first != second and _root(left[1] - left[0]) < _LEFT * _root(difference):
        allowed = _DECODED if jpeg else _ROUNDED
        return _named(first, second) if max(map(_root, left)) <= allowed else None
    if np.abs(difference).max() <= _ONE and (is_resized or not jpeg):
        return why(Cause.ROUNDING)
    return why(Cause.DECODER) if jpeg and _root(difference) <= _DECODED else None


def _likeliest(images: Floats, sources: Sequence[Source]) -> tuple[_Reader, Floats]:
    """Return the reader whose images are nearest to these, and what is left: [n, h, w, c]."""
    size = images.shape[1], images.shape[2]
    is_resized = any(source.pixels.shape[:2] != size for source in sources)
    mixes: Sequence[Mix | None] = _MIXES if images.shape[-1] == 1 else (None,)
    ways: Sequence[Way | None] = WAYS if is_resized else (None,)
    found = []
    for reader in itertools.starmap(_Reader, itertools.product(mixes, ways)):
        made = np.stack([reader.read(source, size) for source in sources])
        found.append((reader, images - np.clip(made, 0, 255)))
    return min(found, key=lambda each: _root(each[1]))


def _named(first: _Reader, second: _Reader) -> Why | None:
    one, other = first.way, second.way
    if first.mix != second.mix:
        if one != other:
            return None  # two causes at once
        return why(Cause.GREY, mix=_shares(second.mix), mix_of_one=_shares(first.mix))
    if one is None or other is None:
        return None
    if one.filter is other.filter:
        return why(Cause.ANTIALIAS, swapped=other.antialias)
    return why(Cause.RESIZER, way=_words(other), way_of_one=_words(one))


def _shares(mix: Mix | None) -> str:
    return ", ".join(f"{share:.3g}" for share in mix or ())


def _words(way: Way) -> Sentence:
    name = english(_FILTERS[way.filter])
    return english(_WITH, filter=name) if way.antialias else name


def _root(values: Floats) -> float:
    """Return the root of the mean square."""
    return float(np.sqrt((values**2).mean()))
