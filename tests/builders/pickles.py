"""Pickles as Python 2 and its NumPy wrote them, and CIFAR's archives of such, but small."""

import io
import pickle
import tarfile
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.files import sha256

from services.data.source import Archive, Batches, Origin

TRAIN, TEST = ("batches/data_batch_1", "batches/data_batch_2"), "batches/test_batch"
SAMPLES = 20  # of a batch


class Python2Pickler(pickle._Pickler):
    """Writes arrays as Python 2 and its NumPy did."""

    def save_string(self, content: bytes) -> None:
        self.write(pickle.BINSTRING + len(content).to_bytes(4, "little") + content)

    dispatch: ClassVar = {**pickle._Pickler.dispatch, bytes: save_string}


def pickled(content: object) -> bytes:
    made = io.BytesIO()
    Python2Pickler(made, protocol=2).dump(content)
    return made.getvalue().replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")


def rows(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Images [n, 32, 32, 3] as CIFAR has them: all reds of one, its greens, its blues."""
    return np.concatenate([images[..., k].reshape(len(images), -1) for k in range(3)], axis=1)


def batch(images: NDArray[np.uint8], labels: NDArray[np.int32], **others: object) -> bytes:
    found = {b"data": rows(images), b"labels": labels.tolist(), b"batch_label": b"a batch"}
    found[b"filenames"] = [f"image_{k}.png".encode() for k in range(len(images))]
    return pickled({**found, **{name.encode(): value for name, value in others.items()}})


def archive(members: Mapping[str, bytes], *more: tarfile.TarInfo) -> bytes:
    """A packed tar file; ``more``: entries without content."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as written:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            written.addfile(entry, io.BytesIO(content))
        for entry in more:
            written.addfile(entry)
    return made.getvalue()


def source(content: bytes, *origins: Origin, labels: str = "labels") -> Batches:
    """A dataset of three batches, whose archive has this content."""
    return Batches(
        Archive("cifar-small.tar.gz", len(content), sha256(content)),
        train=dict.fromkeys(TRAIN, SAMPLES),
        test={TEST: SAMPLES},
        labels=labels,
        origins=origins,
    )
