"""Jobs of small datasets, their data, and files as a dataset's are published."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.files import sha256
from twinrun.contract.layers import Dense, Flatten
from twinrun.contract.optimizers import Adam, Optimizer
from twinrun.contract.spec import Dataset, JobSpec, Synthetic

from services.data.datasets import Loaded, load
from services.data.formats import idx
from services.data.source import File

SMALL = Synthetic(train_samples=300, test_samples=50, height=6, width=5, channels=2, classes=4)


def job(dataset: Dataset, **fields: Any) -> JobSpec:
    usual = {"layers": (Flatten(), Dense(10)), "threads": 1}
    return JobSpec(dataset, optimizer=Optimizer(Adam()), **{**usual, **fields})


def silent(_progress: object) -> None:
    pass


def loaded(dataset: Dataset, data_dir: Path = Path("unused"), **fields: Any) -> Loaded:
    return load(job(dataset, **fields), data_dir, silent)


def packed(content: bytes) -> bytes:
    """The same bytes whenever it is called: gzip's header would tell the time."""
    return gzip.compress(content, mtime=0)


def file_of(name: str, array: NDArray[np.uint8]) -> File:
    """The file that holds the array, and nothing else."""
    content = idx.compose(array)
    gzipped = packed(content)
    return File(name, array.shape, sha256(content), len(gzipped), (sha256(gzipped),))
