"""The user's own arrays, as a job's splits: nothing that a client sent is taken on trust."""

from pathlib import Path
from typing import assert_never

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.data_dir import BLOBS
from twinrun.contract.enums import TargetKind
from twinrun.contract.spec import Arrays

from services.data import tensors
from services.data.blobs import Blobs
from services.data.catalog import DatasetInfo
from services.errors import DataUnavailable

Split = tuple[NDArray[np.generic], NDArray[np.generic]]  # features [n, ...], targets [n, ...]
_ROWS = 65_536  # checked at a time


def splits(arrays: Arrays, info: DatasetInfo, data_dir: Path) -> tuple[Split, Split]:
    """Map the training and the test split, limits applied.

    Raises DataUnavailable: the blob is not here, or is not what ``arrays`` say. Frameworks would
    each make something else of it: targets [n] against outputs [n, 1] give [n, n] errors, and a
    class outside the range is skipped, an error, or a NaN.
    """
    path = Blobs(data_dir / BLOBS).use(arrays.sha256, arrays.size_bytes)
    found = tensors.mapped(path)
    made = []
    for split, samples in (("train", info.train_samples), ("test", info.test_samples)):
        names = f"{split}_features", f"{split}_targets"
        try:
            features, targets = (found[name] for name in names)
        except KeyError as missing:
            raise DataUnavailable(f"{path} lacks {missing.args[0]}.") from missing
        outputs = () if info.targets is TargetKind.CLASS else (info.outputs,)
        for name, array, shape in zip(
            names, (features, targets), (info.shape, outputs), strict=True
        ):
            if array.shape[1:] != shape or not array.ndim or len(array) < samples:
                raise DataUnavailable(
                    f"{path} has {name} of shape {list(array.shape)}; the job says "
                    f"{[samples, *shape]}."
                )
        features, targets = features[:samples], targets[:samples]
        if (features.dtype == np.uint8) is not arrays.pixels or features.dtype.kind not in "uf":
            what = "pixels uint8" if arrays.pixels else "float32 or float64"
            raise DataUnavailable(f"{path} has {names[0]} of {features.dtype}, not {what}.")
        if problem := _problem(targets, info):
            raise DataUnavailable(f"{path} has {names[1]} {problem}.")
        made.append((features, targets))
    train, test = made
    return train, test


def _problem(targets: NDArray[np.generic], info: DatasetInfo) -> str:
    """Tell why these are not the targets of the kind; empty if they are."""
    kind = "i" if info.targets is TargetKind.CLASS else "f"
    if targets.dtype.kind != kind:
        return f"of {targets.dtype}, which are no {info.targets}"
    for start in range(0, len(targets), _ROWS):
        rows = targets[start : start + _ROWS]
        match info.targets:
            case TargetKind.CLASS:
                wrong = (rows < 0) | (rows >= info.outputs)  # type: ignore[operator] # numbers
                wanted = f"from 0 to {info.outputs - 1}"
            case TargetKind.FLAGS:
                wrong, wanted = ~np.isin(rows, (0, 1)), "0 or 1"
            case TargetKind.NUMBERS:
                wrong, wanted = ~np.isfinite(rows), "finite"
            case unknown:
                assert_never(unknown)
        if wrong.any():
            return f"{rows[wrong][0]:g}, which must be {wanted}"
    return ""
