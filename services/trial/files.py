"""The images' own files of a job, laid in a folder as frameworks' readers expect them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.data_dir import BLOBS
from twinrun.contract.enums import Recipe, TargetKind
from twinrun.contract.images import suffix

from services.data import catalog, tensors
from services.data.blobs import Blobs
from services.data.datasets import Loaded
from services.errors import DataUnavailable, disk_error
from services.pipe import FILES_FOLDER, Task


def laid(task: Task, loaded: Loaded) -> Loaded:
    """Return the data with their files, where the job's framework is to read them by itself.

    They lie in the job's own directory, and the runner deletes them when the job ends. Their names
    are numbers, made here: nothing that a client sent names a path. Raises DataUnavailable: the
    blob has no such files; DiskFull, StateUnwritable.
    """
    arrays = task.spec.dataset.arrays
    if task.spec.recipe is not Recipe.IDIOMATIC or arrays is None or not arrays.files:
        return loaded
    path = Blobs(task.data_dir / BLOBS).use(arrays.sha256, arrays.size_bytes)
    info, data = catalog.info(task.spec.dataset), loaded.data
    classes = 2 if info.targets is TargetKind.FLAGS else info.outputs
    held = loaded.validation_samples
    train = _contents(path, "train", info.train_samples)
    test = _contents(path, "test", info.test_samples)
    parts = {
        "train": (data.train_labels, train[: len(train) - held]),
        "test": (data.test_labels, train[len(train) - held :] + test),
    }
    folder = task.output_dir / FILES_FOLDER
    try:
        for name, (labels, contents) in parts.items():
            _write(folder / name, classes, labels, contents)
    except OSError as error:
        raise disk_error(error, folder) from error
    return replace(loaded, data=replace(data, files=folder))


def _contents(path: Path, split: str, samples: int) -> list[NDArray[np.generic]]:
    """Return the first files of a split, each uint8[bytes]."""
    arrays = tensors.mapped(path)
    try:
        content, sizes = arrays[f"{split}_files"], arrays[f"{split}_file_sizes"]
    except KeyError as missing:
        raise DataUnavailable(f"{path} lacks {missing.args[0]}.") from missing
    ends = np.cumsum(sizes.astype(np.int64))
    of_types = content.dtype == np.uint8 and sizes.dtype == np.int32
    if not of_types or len(sizes) < samples or ends[0] < 1 or (np.diff(ends) < 1).any():
        raise DataUnavailable(f"{path} lacks the sizes of {samples:,} files for {split}.")
    if ends[-1] != content.size:
        raise DataUnavailable(
            f"{path} has {content.size:,} bytes of {split}_files; their sizes say {ends[-1]:,}."
        )
    return np.split(content, ends[:-1])[:samples]


def _write(
    folder: Path, classes: int, labels: NDArray[np.generic], contents: list[NDArray[np.generic]]
) -> None:
    folders = [folder / _name(number) for number in range(classes)]
    for each in folders:
        each.mkdir(mode=0o700, parents=True)
    codes = labels.ravel().astype(int).tolist()
    for number, (code, content) in enumerate(zip(codes, contents, strict=True)):
        kind = suffix(content[:8].tobytes())
        if not kind:
            raise DataUnavailable(f"File {number + 1:,} of {folder.name} is neither PNG nor JPEG.")
        (folders[code] / (_name(number) + kind)).write_bytes(content.data)


def _name(number: int) -> str:
    """Return a name that sorts as the number does."""
    return f"{number:010}"
