"""A folder of images: one sub-folder for each class, read by Pillow."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from orchestrator.data.samples import Samples
from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english

_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".ppm", ".pgm", ".tif", ".tiff"}
_MOST_SIDE = 4096  # pixels

_NO_CLASSES = Phrase(
    "{path} has fewer than two folders of images; give a folder with one sub-folder for each class."
)
_EMPTY = Phrase("{path} has no images; each class needs some ({known}).")
_NOT_READ = Phrase("{path} is no image that can be read: {error}.")
_SIZE = Phrase(
    "{path} is {width}x{height} pixels; give size: [height, width] of at most {most}, to which all "
    "are resized, or images of one size: the first is {other}."
)


def samples(path: Path, size: tuple[int, int] | None = None, *, colour: bool = True) -> Samples:
    """Return all images below ``path``, sorted by class and name: uint8[n, h, w, 3 or 1].

    ``size`` (height, width): to which they are resized, bilinearly with antialiasing; without it
    all must have one size. Raises BadInput, which names the first image that does not fit.
    """
    folders = sorted(each for each in path.iterdir() if each.is_dir() and list(_images(each)))
    if len(folders) < 2:
        raise BadInput(english(_NO_CLASSES, path=path))
    empty = [each for each in path.iterdir() if each.is_dir() and each not in folders]
    if empty:
        known = " ".join(sorted(_SUFFIXES))
        raise BadInput(english(_EMPTY, path=min(empty), known=known))
    files = [(file, code) for code, folder in enumerate(folders) for file in _images(folder)]
    first = _read(files[0][0], size, colour=colour)
    pixels = np.empty((len(files), *first.shape), np.uint8)
    for index, (file, _) in enumerate(files):
        image = _read(file, size, colour=colour)
        if image.shape != pixels.shape[1:] or max(image.shape) > _MOST_SIDE:
            height, width = image.shape[:2]
            other = f"{pixels.shape[2]}x{pixels.shape[1]}"
            sizes = {"width": width, "height": height, "most": _MOST_SIDE, "other": other}
            raise BadInput(english(_SIZE, path=file, **sizes))
        pixels[index] = image
    codes = np.array([code for _, code in files], np.int32)
    names = tuple(folder.name for folder in folders)
    return Samples(pixels, codes, classes=names, files=tuple(file for file, _ in files))


def _images(folder: Path) -> Iterator[Path]:
    return (f for f in sorted(folder.rglob("*")) if f.suffix.lower() in _SUFFIXES and f.is_file())


def _read(file: Path, size: tuple[int, int] | None, *, colour: bool) -> NDArray[np.uint8]:
    """Return the pixels uint8[h, w, c]; transparent ones are shown on black."""
    try:
        with Image.open(file) as opened:
            image = opened.convert("RGB" if colour else "L")
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, SyntaxError) as error:
        raise BadInput(english(_NOT_READ, path=file, error=str(error).rstrip("."))) from None
    if size is not None:
        image = image.resize(size[::-1], Image.Resampling.BILINEAR)
    pixels = np.asarray(image)
    return pixels if colour else pixels[..., np.newaxis]
