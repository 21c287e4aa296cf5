"""Arrays: .npz and .npy, read by NumPy and never unpickled."""

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orchestrator.data.samples import Samples, require_file
from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english, join
from orchestrator.language.words import COMMA

_MOST_SIDE = 4096  # pixels
_MOST_CODES = 10_000_000

_NOT_READ = Phrase("{path} cannot be read: {error}.")
_OBJECTS = Phrase(
    "{path}: {name} holds Python objects, which are never unpickled; save it as numbers."
)
_ONE_ARRAY = Phrase("{path} holds one array; a target needs a second one, as an .npz file has.")
_NO_ARRAY = Phrase("{path} has no array {name}; it has {known}.")
_WHICH = Phrase(
    "{path} has {count} arrays beside the target: {known}. Name one with features; several inputs "
    "are not supported."
)
_LENGTHS = Phrase("{path}: {one} has {ones:,} samples and {two} has {twos:,}.")
_EMPTY = Phrase("{path}: {name} has no samples.")
_KIND = Phrase("{path}: {name} holds {kind}; make numbers of it.")
_BAD = Phrase(
    "{path}: {name} has {count:,} values that are NaN or infinite, the first in sample {sample}."
)
_SHAPE = Phrase(
    "{path}: {name} has the shape {shape}; images are [samples, height, width, 1 or 3] of at most "
    "{most} pixels a side, sequences [samples, time, channels], tables [samples, columns]."
)
_TARGET = Phrase(
    "{path}: {name} has the shape {shape}; a target is [samples] or [samples, outputs], or whole "
    "numbers [samples, height, width], a class at each pixel of an image."
)
_NO_CODES = Phrase("{path}: {name} holds {held}; codes are whole numbers [samples, time].")
_CODE = Phrase("{path}: {name} has codes from {least} to {most}; they must be from 0 to {limit:,}.")
_SIZE = Phrase(
    "{path}: {name} has the shape {shape} and the images have {images}; give each pixel its class."
)
_NEGATIVE = Phrase("{path}: {name} has the class {value}; classes are whole numbers from 0.")
_ONE_CLASS = Phrase("{path}: all samples are of class {value}; there is nothing to tell apart.")


def samples(path: Path, target: str, features: str = "", *, codes: bool = False) -> Samples:
    """Return two arrays of an .npz file as samples. Raises BadInput.

    ``features`` may be left out where the file has one other array than the ``target``. A target of
    whole numbers [n] is a class, and one of [n, height, width] the class of each pixel; any other
    is numbers. ``codes``: features are whole numbers [n, time], and so are targets where the next
    ones are to be predicted.
    """
    require_file(path)
    held = _arrays(path)
    if target not in held:
        raise BadInput(english(_NO_ARRAY, path=path, name=target, known=join(COMMA, held)))
    others = [name for name in held if name != target]
    if not features:
        if len(others) != 1:
            known = join(COMMA, others)
            raise BadInput(english(_WHICH, path=path, count=len(others), known=known))
        features = others[0]
    if features not in held:
        raise BadInput(english(_NO_ARRAY, path=path, name=features, known=join(COMMA, held)))
    values, targets = held[features], held[target]
    if len(values) != len(targets):
        lengths = {"one": features, "ones": len(values), "two": target, "twos": len(targets)}
        raise BadInput(english(_LENGTHS, path=path, **lengths))
    if codes:
        return _of_codes(path, features, values, target, targets)
    given = _features(path, features, values)
    if given.ndim == 4 and targets.ndim == 3 and targets.dtype.kind in "iub":
        return _of_pixels(path, given, target, targets)
    found, classes = _targets(path, target, targets)
    return Samples(given, found, classes=classes)


def _of_pixels(
    path: Path, images: NDArray[np.generic], name: str, targets: NDArray[np.generic]
) -> Samples:
    if targets.shape != images.shape[:3]:
        shapes = {"shape": list(targets.shape), "images": list(images.shape)}
        raise BadInput(english(_SIZE, path=path, name=name, **shapes))
    classes, names = _classes(path, name, targets)
    return Samples(images, classes, tokens=names)


def _of_codes(
    path: Path,
    features: str,
    values: NDArray[np.generic],
    target: str,
    targets: NDArray[np.generic],
) -> Samples:
    given = _codes(path, features, values)
    count = int(given.max()) + 1
    if targets.shape != values.shape or targets.dtype.kind not in "iu":
        found, classes = _targets(path, target, targets)
        return Samples(given, found, classes=classes, codes=count)
    following = _codes(path, target, targets)
    tokens = tuple(map(str, range(int(following.max()) + 1)))
    return Samples(given, following, codes=count, tokens=tokens)


def _codes(path: Path, name: str, values: NDArray[np.generic]) -> NDArray[np.int32]:
    if not values.size or values.dtype.kind not in "iu" or values.ndim != 2:
        held = f"{values.dtype}{list(values.shape)}"
        raise BadInput(english(_NO_CODES, path=path, name=name, held=held))
    least, most = int(values.min()), int(values.max())
    if not 0 <= least <= most < _MOST_CODES:
        raise BadInput(
            english(_CODE, path=path, name=name, least=least, most=most, limit=_MOST_CODES - 1)
        )
    return values.astype(np.int32)


def _arrays(path: Path) -> dict[str, NDArray[np.generic]]:
    held: dict[str, NDArray[np.generic]] = {}
    try:
        with path.open("rb") as file:
            opened = np.load(file, allow_pickle=False)
            if isinstance(opened, np.ndarray):
                raise BadInput(english(_ONE_ARRAY, path=path))
            for name in opened.files:
                try:
                    held[name] = opened[name]
                except ValueError:
                    raise BadInput(english(_OBJECTS, path=path, name=name)) from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise BadInput(english(_NOT_READ, path=path, error=str(error).rstrip("."))) from None
    return held


def _features(path: Path, name: str, values: NDArray[np.generic]) -> NDArray[np.generic]:
    if not len(values):
        raise BadInput(english(_EMPTY, path=path, name=name))
    _require_numbers(path, name, values)
    shape = values.shape
    image = len(shape) == 4 and shape[3] in (1, 3) and max(shape[1:3]) <= _MOST_SIDE
    if not (image or len(shape) in (2, 3)) or 0 in shape:
        raise BadInput(english(_SHAPE, path=path, name=name, shape=list(shape), most=_MOST_SIDE))
    if values.dtype == np.uint8 and len(shape) == 3:  # images of one channel, as MNIST's are kept
        return values[..., np.newaxis]
    if values.dtype == np.uint8 and image:
        return values
    return values if values.dtype == np.float32 else values.astype(np.float64)


def _targets(
    path: Path, name: str, targets: NDArray[np.generic]
) -> tuple[NDArray[np.generic], tuple[str, ...]]:
    if targets.ndim not in (1, 2) or 0 in targets.shape:
        raise BadInput(english(_TARGET, path=path, name=name, shape=list(targets.shape)))
    if targets.dtype.kind == "U" and targets.ndim == 1:
        values, codes = np.unique(targets, return_inverse=True)
        return _of_one_class(path, codes.astype(np.int32)), tuple(map(str, values))
    _require_numbers(path, name, targets)
    if targets.ndim == 1 and targets.dtype.kind in "iub":
        return _classes(path, name, targets)
    return targets.astype(np.float64).reshape(len(targets), -1), ()


def _classes(
    path: Path, name: str, values: NDArray[np.generic]
) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Return whole numbers as classes, and their names."""
    least, most = int(values.min()), int(values.max())
    if least < 0:
        raise BadInput(english(_NEGATIVE, path=path, name=name, value=least))
    return _of_one_class(path, values.astype(np.int32)), tuple(map(str, range(most + 1)))


def _of_one_class(path: Path, codes: NDArray[np.int32]) -> NDArray[np.int32]:
    if (codes == codes.flat[0]).all():
        raise BadInput(english(_ONE_CLASS, path=path, value=int(codes.flat[0])))
    return codes


def _require_numbers(path: Path, name: str, values: NDArray[np.generic]) -> None:
    if values.dtype.kind not in "iufb":
        raise BadInput(english(_KIND, path=path, name=name, kind=values.dtype))
    if values.dtype.kind == "f":
        bad = ~np.isfinite(values.reshape(len(values), -1)).all(axis=1)
        if bad.any():
            count = int((~np.isfinite(values)).sum())
            raise BadInput(
                english(_BAD, path=path, name=name, count=count, sample=int(bad.argmax()) + 1)
            )
