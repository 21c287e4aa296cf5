"""CIFAR's archives: batches of images and labels, pickled by Python 2, in a packed tar file."""

import io
import math
import tarfile
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from services.data.formats import pickled

_PLANES = (3, 32, 32)  # of a row: red, green, blue
_SIZE = math.prod(_PLANES)
_NAME_BYTES = 1024  # at most what a sample takes beside its pixels: its label, its file's name
Batch = tuple[NDArray[np.uint8], NDArray[np.int32]]


def splits(content: bytes, wanted: Sequence[Mapping[str, int]], labels: str) -> list[Batch]:
    """Read the archive's batches, those of each split joined; other members are skipped.

    ``wanted``: a split's members, each with its number of samples. ``labels``: their key in a
    batch. Nothing is written. Returns images uint8[n, 32, 32, 3] and labels int32[n] of each split.
    Raises ValueError: the archive or a batch is broken or none.
    """
    members = {name: samples for split in wanted for name, samples in split.items()}
    found = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r|gz") as archive:
            for entry in archive:
                if entry.name in members and entry.isreg():
                    samples = members[entry.name]
                    if entry.size > samples * (_SIZE + _NAME_BYTES):
                        raise ValueError(f"{entry.name} has {entry.size:,} bytes")
                    stream = archive.extractfile(entry) or io.BytesIO()
                    found[entry.name] = _batch(stream.read(), samples, labels, entry.name)
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise ValueError(f"it cannot be unpacked: {error}") from error
    if missing := members.keys() - found.keys():
        raise ValueError(f"it lacks {', '.join(sorted(missing))}")
    return [_joined([found[name] for name in split]) for split in wanted]


def _joined(parts: Sequence[Batch]) -> Batch:
    images, labels = zip(*parts, strict=True)
    return np.concatenate(images), np.concatenate(labels)


def _batch(content: bytes, samples: int, key: str, name: str) -> Batch:
    found = pickled.load(content)
    if not isinstance(found, dict):
        raise ValueError(f"{name} is no batch")  # noqa: TRY004 - of a file, not of an argument
    pixels, labels = found.get("data"), np.asarray(found.get(key))
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8:
        raise ValueError(f"{name} has no pixels")
    if pixels.shape != (samples, _SIZE) or labels.shape != (samples,) or labels.dtype.kind != "i":
        shapes = f"{list(pixels.shape)} and {key} of {labels.dtype} {list(labels.shape)}"
        raise ValueError(f"{name} has pixels {shapes}; it must be {samples:,} samples")
    images = np.ascontiguousarray(pixels.reshape(samples, *_PLANES).transpose(0, 2, 3, 1))
    return images, labels.astype(np.int32)
