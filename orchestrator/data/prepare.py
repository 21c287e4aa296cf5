"""From a job spec that names a file to one that names the arrays in it."""

import math
from pathlib import Path
from typing import assert_never

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.enums import TargetKind
from twinrun.contract.losses import targets
from twinrun.contract.spec import Dataset, File
from twinrun.contract.values import checked_spec
from twinrun.v1 import job_pb2

from orchestrator.data import blob, built_in, files
from orchestrator.data.reading import read
from orchestrator.data.samples import Samples
from orchestrator.data.split import held_out, order
from orchestrator.data.targets import as_kind, require_two_values
from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english

_ROWS = 4096  # squared at a time
_LACKING = Phrase(
    "{path}: the samples for the {split} have none of class {name}; every class must be in both "
    "splits, and classes that are numbers count from 0 without a gap."
)
_TRAINING, _TEST = Phrase("training"), Phrase("test")
_FEW = Phrase("{path} has {count} samples; at least 2 are needed.")


def is_wanted(dataset: job_pb2.Dataset) -> bool:
    """Return whether the dataset is one that is read here, and not by the runners."""
    return dataset.HasField("file") or dataset.name in built_in.NAMES


def prepare(spec: job_pb2.JobSpec, directory: Path) -> None:
    """Read a valid spec's file, write its arrays to ``directory``, and name them in the spec.

    Its seed decides which samples are for the test, and the order of the training samples. Where it
    sets no normalisation, the mean and the standard deviation of each channel or column of the
    samples that are trained on are set. Raises BadInput.
    """
    job, _ = checked_spec(spec, default_threads=1)
    train, test = _splits(job.dataset, targets(job.loss), job.seed)
    held = files.packed(train, test)
    written = blob.write(
        {
            "train_features": train.features,
            "train_targets": train.targets,
            "test_features": test.features,
            "test_targets": test.targets,
            **held,
        },
        directory,
    )
    spec.dataset.arrays.CopyFrom(
        job_pb2.Arrays(
            sha256=written.sha256,
            size_bytes=written.size,
            train_samples=len(train.targets),
            test_samples=len(test.targets),
            shape=train.features.shape[1:],
            pixels=train.features.dtype == np.uint8,
            targets=f"TARGET_KIND_{targets(job.loss).name}",
            outputs=_outputs(train, targets(job.loss)),
            names=train.names,
            classes=train.classes or train.tokens,
            files=bool(held),
            codes=train.codes,
        )
    )
    if not train.codes and not spec.dataset.HasField("normalization"):
        trained = min(job.dataset.train_limit or len(train.targets), len(train.targets))
        trained -= int(trained * job.dataset.validation_fraction)
        means, stds = statistics(train.features[: max(trained, 1)])
        spec.dataset.normalization.means.extend(means)
        spec.dataset.normalization.stds.extend(stds)


def statistics(features: NDArray[np.generic]) -> tuple[list[float], list[float]]:
    """Return means and standard deviations along the last axis; 1 for a constant column.

    Of pixels, uint8 [n, h, w, c], those of p / 255.
    """
    columns = features.reshape(-1, features.shape[-1])
    if features.dtype == np.uint8:
        counts = np.stack([np.bincount(channel, minlength=256) for channel in columns.T], axis=1)
        values = (np.arange(256) / 255)[:, np.newaxis]
        means = (counts * values).sum(axis=0) / len(columns)
        squares = (counts * (values - means) ** 2).sum(axis=0)
    else:
        means = columns.mean(axis=0, dtype=np.float64)
        squares = np.zeros_like(means)
        for start in range(0, len(columns), _ROWS):
            squares += ((columns[start : start + _ROWS] - means) ** 2).sum(axis=0)
    constant = columns.min(axis=0) == columns.max(axis=0)
    stds = np.where(constant, 1.0, np.sqrt(squares / len(columns)))
    return means.tolist(), stds.tolist()


def _splits(dataset: Dataset, kind: TargetKind, seed: int) -> tuple[Samples, Samples]:
    file = dataset.file or File(dataset.name)
    if dataset.file is None:
        found, test, name = built_in.samples(dataset.name), None, "target"
    else:
        (found, test), name = read(file), ", ".join(file.target) or "class"
    found = as_kind(found, kind, file.path, name)
    require_two_values(found, file.path, name)
    if test is not None:
        test = as_kind(test, kind, file.test_path, name)
        train = found.taken(order(len(found.targets), seed))
    elif len(found.targets) < 2:
        raise BadInput(english(_FEW, path=file.path, count=len(found.targets)))
    else:
        for_test = _for_test(found, file.test_fraction, seed)
        everything = order(len(found.targets), seed)
        train = found.taken(everything[~for_test[everything]])
        test = found.taken(np.flatnonzero(for_test))
    if found.classes:
        for part, split in ((train, _TRAINING), (test, _TEST)):
            present = np.bincount(_codes(part), minlength=len(found.classes)) > 0
            if not present.all():
                absent = found.classes[int(present.argmin())]
                what = {"path": file.path, "split": english(split), "name": repr(absent)}
                raise BadInput(english(_LACKING, **what))
    return train, test


def _for_test(found: Samples, fraction: float, seed: int) -> NDArray[np.bool_]:
    """Return which samples are for the test, bool[n]; of a text those at its end.

    Neighbours in a text belong together: drawn ones would be surrounded by what is trained on.
    """
    if not (found.tokens and found.codes):
        return held_out(_codes(found), fraction, seed, found.classes)
    samples = len(found.targets)
    tested = min(max(1, round(samples * fraction)), samples - 1)
    return np.arange(samples) >= samples - tested


def _codes(samples: Samples) -> NDArray[np.intp]:
    """Return the targets as whole numbers [n], if they are classes or made of them."""
    return samples.targets.reshape(len(samples.targets), -1)[:, 0].astype(np.intp)


def _outputs(samples: Samples, kind: TargetKind) -> int:
    match kind:
        case TargetKind.CLASS:
            return len(samples.classes)
        case TargetKind.TOKENS:
            return len(samples.tokens)
        case TargetKind.FLAGS | TargetKind.NUMBERS:
            return math.prod(samples.targets.shape[1:])
        case _:
            assert_never(kind)
