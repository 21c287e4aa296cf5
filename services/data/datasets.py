"""A job's data, ready to train on: read, fetched or made, checked and normalised."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import assert_never

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.losses import ignored
from twinrun.contract.spec import JobSpec
from twinrun.contract.violation import Violation

from services.data import cache, catalog, own, synthetic, tensors
from services.data.arrays import Data
from services.data.formats import cifar, idx
from services.data.normalization import normalised
from services.data.own import Split
from services.data.published import SOURCES
from services.data.source import AnyFile, AnySource, Batches, File, Progress, Source
from services.errors import DataUnavailable, InvalidRequest
from services.model import padding
from services.model.weights import parameter_dtype


@dataclass(frozen=True, slots=True)
class Loaded:
    """The data, and the SHA-256 (hexadecimal) of its pixels and labels before normalisation.

    ``validation_samples``: how many of the test samples were held back from the training ones.
    """

    data: Data
    sha256: str
    validation_samples: int = 0


def load(
    spec: JobSpec, data_dir: Path, progress: Progress, sources: Mapping[str, AnySource] = SOURCES
) -> Loaded:
    """Load the dataset that a validated ``spec`` names, limits applied.

    Raises `services.errors.DataUnavailable` and `DiskFull`; InvalidRequest where the
    normalisation or a target leaves the range of the spec's precision, or the loss ignores every
    target of a split.
    """
    name = spec.dataset.name
    info = catalog.info(replace(spec.dataset, reconstruct=False))
    train: Split
    test: Split
    if spec.dataset.arrays is not None:
        train, test = own.splits(spec.dataset.arrays, info, data_dir)
    elif name == catalog.SYNTHETIC:
        sizes = info.shape, info.outputs
        train = synthetic.make(spec.seed, synthetic.Split.TRAIN, info.train_samples, *sizes)
        test = synthetic.make(spec.seed, synthetic.Split.TEST, info.test_samples, *sizes)
    else:
        source = sources[name]
        contents = cache.read(source, data_dir / name, progress)
        train, test = _published(source, contents, info.outputs)
        train = train[0][: info.train_samples], train[1][: info.train_samples]
        test = test[0][: info.test_samples], test[1][: info.test_samples]
    sha256 = _digest(*train, *test)
    held = len(train[1]) - catalog.training_samples(spec.dataset)
    train, test = _held_back(train, test, held)
    dtype = parameter_dtype(spec.precision)
    normalization = spec.dataset.normalization
    images, test_images = (normalised(part[0], normalization, dtype) for part in (train, test))
    labels, test_labels = (_in(part[1], dtype) for part in (train, test))
    if (left_out := ignored(spec.loss)) is not None:
        parts = {"training": labels, "validation": test_labels[:held], "test": test_labels[held:]}
        _require_counted(left_out, parts)
        if (code := padding.code(spec.layers)) is not None:
            both = np.concatenate([images, test_images]), np.concatenate([labels, test_labels])
            _require_ignored(left_out, code, *both)
    if spec.dataset.reconstruct:
        labels, test_labels = (part.reshape(len(part), -1) for part in (images, test_images))
    data = Data(
        *(images, labels, test_images, test_labels),
        train_pixels=_pixels(train[0]),
        test_pixels=_pixels(test[0]),
    )
    return Loaded(data, sha256, held)


def _pixels(features: NDArray[np.generic]) -> NDArray[np.uint8] | None:
    return features.astype(np.uint8, copy=False) if features.dtype == np.uint8 else None


def _in(targets: NDArray[np.generic], dtype: np.dtype[np.floating]) -> NDArray[np.generic]:
    """Return numbers in the parameters' precision; classes stay as they are.

    Raises InvalidRequest: one leaves ``dtype``.
    """
    if targets.dtype.kind != "f":
        return targets
    with np.errstate(over="ignore"):  # refused below
        values = targets.astype(dtype)
    if not np.isfinite(values).all():
        problem = f"lets targets overflow {dtype}; scale them, or use float64"
        raise InvalidRequest([Violation("precision", problem)])
    return values


def _require_counted(left_out: int, splits: Mapping[str, NDArray[np.generic]]) -> None:
    """Check that a loss that ignores a class leaves something. Raises InvalidRequest."""
    for split, targets in splits.items():
        if targets.size and (targets == left_out).all():
            problem = f"ignores class {left_out}, and all {split} targets are that; ignore another"
            raise InvalidRequest([Violation("loss", problem)])


def _require_ignored(
    left_out: int, code: int, codes: NDArray[np.generic], targets: NDArray[np.generic]
) -> None:
    """Check that no padded step has a target that counts. Raises InvalidRequest."""
    wrong = targets[(codes == code) & (targets != left_out)]
    if wrong.size:
        problem = f"is {code}, and the target of such a step is {wrong[0]}, not the loss's ignored"
        raise InvalidRequest([Violation("layers[0].embedding.padding", f"{problem} {left_out}")])


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


def _published(
    source: AnySource, contents: Mapping[AnyFile, bytes], classes: int
) -> tuple[Split, Split]:
    """Return the splits that the files hold. Raises DataUnavailable."""
    match source:
        case Source():
            train = _split(contents, source.train_images, source.train_labels, classes)
            return train, _split(contents, source.test_images, source.test_labels, classes)
        case Batches(archive):
            wanted = source.train, source.test
            try:
                first, second = cifar.splits(contents[archive], wanted, source.labels)
            except ValueError as fault:
                raise DataUnavailable(f"{archive.name}: {fault}.") from fault
            for _, labels in (first, second):
                _check_labels(labels, archive.name, classes)
            return first, second
        case unknown:
            assert_never(unknown)


def _check_labels(labels: NDArray[np.integer], name: str, classes: int) -> None:
    for label in (labels.min(), labels.max()):
        if not 0 <= label < classes:
            raise DataUnavailable(f"{name} has label {label} of {classes} classes.")


def _split(contents: Mapping[AnyFile, bytes], images: File, labels: File, classes: int) -> Split:
    try:
        pixels = idx.parse(contents[images], images.shape)
        answers = idx.parse(contents[labels], labels.shape)
    except ValueError as fault:
        raise DataUnavailable(f"{images.name} or {labels.name}: {fault}.") from fault
    _check_labels(answers, labels.name, classes)
    return pixels[..., np.newaxis], answers.astype(np.int32)


def _digest(*arrays: NDArray[np.generic]) -> str:
    """Hash types and shapes too, so that other data cannot be the same bytes."""
    sha256 = hashlib.sha256()
    for array in arrays:
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        sha256.update(f"{little.dtype.str}{little.shape}".encode())
        sha256.update(little.data)
        tensors.release(array)
    return sha256.hexdigest()
