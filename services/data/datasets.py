"""A job's data, ready to train on: read, fetched or made, checked and normalised."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.spec import JobSpec, Normalization
from twinrun.contract.violation import Violation

from services.data import cache, catalog, idx, synthetic
from services.data.arrays import Data
from services.data.published import SOURCES
from services.data.source import File, Progress, Source
from services.errors import DataUnavailable, InvalidRequest
from services.model.weights import parameter_dtype

_ROWS = 1024  # normalised at a time, because NumPy widens indices to 8 bytes each

Split = tuple[NDArray[np.uint8], NDArray[np.int32]]  # images [n, h, w, c], labels [n]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The data, and the SHA-256 (hexadecimal) of its pixels and labels before normalisation.

    ``validation_samples``: how many of the test samples were held back from the training ones.
    """

    data: Data
    sha256: str
    validation_samples: int = 0


def load(
    spec: JobSpec, data_dir: Path, progress: Progress, sources: Mapping[str, Source] = SOURCES
) -> Loaded:
    """Load the dataset that a validated ``spec`` names, limits applied.

    Raises `services.errors.DataUnavailable` and `DiskFull`; InvalidRequest where the
    normalisation leaves the range of the spec's precision.
    """
    name = spec.dataset.name
    info = catalog.info(spec.dataset)
    if name == "synthetic":
        sizes = info.shape, info.classes
        train = synthetic.make(spec.seed, synthetic.Split.TRAIN, info.train_samples, *sizes)
        test = synthetic.make(spec.seed, synthetic.Split.TEST, info.test_samples, *sizes)
    else:
        source = sources[name]
        contents = cache.read(source, data_dir / name, progress)
        train = _split(contents, source.train_images, source.train_labels, info.classes)
        test = _split(contents, source.test_images, source.test_labels, info.classes)
        train = train[0][: info.train_samples], train[1][: info.train_samples]
        test = test[0][: info.test_samples], test[1][: info.test_samples]
    sha256 = _digest(*train, *test)
    held = len(train[1]) - catalog.training_samples(spec.dataset)
    train, test = _held_back(train, test, held)
    table = _normalised_pixels(spec.dataset.normalization, parameter_dtype(spec.precision))
    data = Data(
        *(_normalise(train[0], table), train[1], _normalise(test[0], table), test[1]),
        train_pixels=train[0],
        test_pixels=test[0],
    )
    return Loaded(data, sha256, held)


def _held_back(train: Split, test: Split, samples: int) -> tuple[Split, Split]:
    """Move the last ``samples`` of the training split before the test split."""
    if not samples:
        return train, test
    (images, labels), (test_images, test_labels) = train, test
    tested = (
        np.concatenate([images[-samples:], test_images]),
        np.concatenate([labels[-samples:], test_labels]),
    )
    return (images[:-samples], labels[:-samples]), tested


def _split(contents: Mapping[File, bytes], images: File, labels: File, classes: int) -> Split:
    try:
        pixels = idx.parse(contents[images], images.shape)
        answers = idx.parse(contents[labels], labels.shape)
    except ValueError as fault:
        raise DataUnavailable(f"{images.name} or {labels.name}: {fault}.") from fault
    if answers.max() >= classes:
        raise DataUnavailable(f"{labels.name} has label {answers.max()} of {classes} classes.")
    return pixels[..., np.newaxis], answers.astype(np.int32)


def _normalised_pixels(
    normalization: Normalization, dtype: np.dtype[np.floating]
) -> NDArray[np.floating]:
    """Normalise each of the 256 values of a pixel: in float64, then cast. Shape [256]."""
    with np.errstate(over="ignore"):  # refused below
        table = ((np.arange(256) / 255 - normalization.mean) / normalization.std).astype(dtype)
    if not np.isfinite(table).all():
        std = Violation(
            "dataset.normalization.std", f"is {normalization.std:g}; pixels overflow {dtype}"
        )
        raise InvalidRequest([std])
    return table


def _normalise(images: NDArray[np.uint8], table: NDArray[np.floating]) -> NDArray[np.floating]:
    values = np.empty(images.shape, table.dtype)
    for start in range(0, len(images), _ROWS):
        rows = slice(start, start + _ROWS)
        np.take(table, images[rows], out=values[rows], mode="clip")  # clip needs no buffer
    return values


def _digest(*arrays: NDArray[np.integer]) -> str:
    """Hash types and shapes too, so that other data cannot be the same bytes."""
    sha256 = hashlib.sha256()
    for array in arrays:
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        sha256.update(f"{little.dtype.str}{little.shape}".encode())
        sha256.update(little.data)
    return sha256.hexdigest()
