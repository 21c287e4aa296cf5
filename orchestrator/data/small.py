"""Data sets of a few samples of noise, for jobs that only show what is computed."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.enums import TargetKind
from twinrun.v1 import job_pb2

from orchestrator.data import blob

_SEED = 19
_TESTED = 7  # samples


def dataset(
    shape: tuple[int, ...],
    targets: TargetKind,
    outputs: int,
    samples: int,
    directory: Path,
    *,
    codes: int = 0,
    padded: bool = False,
) -> job_pb2.Dataset:
    """Write ``samples`` of this shape to ``directory``, and return the dataset that names them.

    Features are standard normal values, or ``codes`` of them, whole numbers, of which 0 stands at
    the end of samples alone if they are ``padded``. Raises BadInput.
    """
    generator = np.random.Generator(np.random.Philox(key=_SEED))
    arrays: dict[str, NDArray[np.generic]] = {}
    for split, count in (("train", samples), ("test", _TESTED)):
        features = generator.standard_normal((count, *shape))
        whole = generator.integers(0, codes or 1, (count, *shape), np.int32)
        if padded:
            (time,) = shape
            ends = time - np.arange(count)[:, None] % time
            whole = np.where(np.arange(time) < ends, np.maximum(whole, 1), 0).astype(np.int32)
        classes = generator.integers(0, outputs, count, np.int32)
        arrays[f"{split}_features"] = whole if codes else features
        arrays[f"{split}_targets"] = {
            TargetKind.CLASS: classes,
            TargetKind.FLAGS: generator.integers(0, 2, (count, outputs)).astype(np.float64),
            TargetKind.NUMBERS: generator.standard_normal((count, outputs)),
            TargetKind.TOKENS: np.ascontiguousarray(whole[:, ::-1])
            if codes
            else generator.integers(0, outputs, (count, *shape[:2]), np.int32),  # of pixels
        }[targets]
    made = blob.write(arrays, directory)
    return job_pb2.Dataset(
        name="file",
        normalization=job_pb2.Normalization(mean=0, std=1),
        arrays=job_pb2.Arrays(
            sha256=made.sha256,
            size_bytes=made.size,
            train_samples=samples,
            test_samples=_TESTED,
            shape=shape,
            targets=f"TARGET_KIND_{targets.name}",
            outputs=outputs,
            codes=codes,
        ),
    )
