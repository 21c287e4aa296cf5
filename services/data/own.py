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
_TYPES = {"u": "pixels uint8", "i": "codes int32", "f": "float32 or float64"}


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
        outputs = _of_a_target(info)
        for name, array, shape in zip(
            names, (features, targets), (info.shape, outputs), strict=True
        ):
            if array.shape[1:] != shape or not array.ndim or len(array) < samples:
                raise DataUnavailable(
                    f"{path} has {name} of shape {list(array.shape)}; the job says "
                    f"{[samples, *shape]}."
                )
        features, targets = features[:samples], targets[:samples]
        wanted = "u" if arrays.pixels else "i" if arrays.codes else "f"
        if features.dtype.kind != wanted:
            what = _TYPES[wanted]
            raise DataUnavailable(f"{path} has {names[0]} of {features.dtype}, not {what}.")
        if arrays.codes and (problem := _problem(features, arrays.codes, TargetKind.CLASS)):
            raise DataUnavailable(f"{path} has {names[0]} {problem}.")
        if problem := _problem(targets, info.outputs, info.targets):
            raise DataUnavailable(f"{path} has {names[1]} {problem}.")
        made.append((features, targets))
    train, test = made
    return train, test


def _of_a_target(info: DatasetInfo) -> tuple[int, ...]:
    """Return a target's shape."""
    match info.targets:
        case TargetKind.CLASS:
            return ()
        case TargetKind.TOKENS:
            return info.positions
        case TargetKind.FLAGS | TargetKind.NUMBERS:
            return (info.outputs,)
        case unknown:
            assert_never(unknown)


def _problem(targets: NDArray[np.generic], outputs: int, kind: TargetKind) -> str:
    """Tell why these are not the targets of the ``kind``; empty if they are."""
    if targets.dtype.kind != ("i" if kind in (TargetKind.CLASS, TargetKind.TOKENS) else "f"):
        return f"of {targets.dtype}, which are no {kind}"
    for start in range(0, len(targets), _ROWS):
        rows = targets[start : start + _ROWS]
        match kind:
            case TargetKind.CLASS | TargetKind.TOKENS:
                wrong = (rows < 0) | (rows >= outputs)  # type: ignore[operator] # numbers
                wanted = f"from 0 to {outputs - 1}"
            case TargetKind.FLAGS:
                wrong, wanted = ~np.isin(rows, (0, 1)), "0 or 1"
            case TargetKind.NUMBERS:
                wrong, wanted = ~np.isfinite(rows), "finite"
            case unknown:
                assert_never(unknown)
        if wrong.any():
            return f"{rows[wrong][0]:g}, which must be {wanted}"
    return ""
