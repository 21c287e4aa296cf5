"""A dataset as arrays in memory. NumPy only."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.layers import Bidirectional, Gru, Lstm
from twinrun.contract.nesting import leaves
from twinrun.contract.spec import JobSpec

from services.data import catalog
from services.errors import Unsupported
from services.model import padding
from services.model.weights import parameter_dtype


@dataclass(frozen=True, slots=True)
class Data:
    """A dataset in memory: normalised features in the parameters' precision, and their labels.

    Features are images [n, h, w, c], or the user's own [n, ...]; those of a text are codes,
    int64[n, time]. Labels are classes, int32[n], of a text int32[n, time], or for other losses
    [n, outputs] in the parameters' precision.

    Where training samples are held back for validation, they stand before those of the test split.
    Pixels are the images as they were before normalisation, uint8[n, h, w, c]; None: the features
    are no pixels.

    Files: a folder with the images' own files, where the framework is to read them by itself.
    ``train`` and ``test`` in it have a sub-folder for each class. The names of these and of the
    files sort as classes and samples do.
    """

    train_images: NDArray[np.floating]
    train_labels: NDArray[np.generic]
    test_images: NDArray[np.floating]
    test_labels: NDArray[np.generic]
    train_pixels: NDArray[np.uint8] | None
    test_pixels: NDArray[np.uint8] | None
    files: Path | None = None


def blank(spec: JobSpec, samples: int) -> NDArray[np.floating]:
    """Return samples of zeros, as trainers get a job's features: codes are int64."""
    info = catalog.info(spec.dataset)
    dtype = np.dtype(np.int64) if info.codes else parameter_dtype(spec.precision)
    return np.zeros((samples, *info.shape), dtype)


def places(labels: NDArray[np.generic]) -> NDArray[np.intp]:
    """Return where a reader of `Data.files` has each sample, int[n]: it sorts them by class."""
    by_class = np.argsort(labels.ravel(), kind="stable")
    found = np.empty(len(by_class), np.intp)
    found[by_class] = np.arange(len(by_class))
    return found


def require_padding_at_end(spec: JobSpec, data: Data) -> None:
    """Check the samples of an idiomatic job with a recurrent layer: what is padded comes last.

    PyTorch's users pack sequences by their lengths, and so does cuDNN below Keras. Raises
    Unsupported.
    """
    code = padding.code(spec.layers)
    recurrent = any(isinstance(leaf, Lstm | Gru | Bidirectional) for leaf in leaves(spec.layers))
    if code is None or not recurrent:
        return
    for split, codes in (("training", data.train_images), ("test", data.test_images)):
        padded = codes == code
        early = (padded[:, :-1] & ~padded[:, 1:]).any(axis=1)
        if early.any():
            raise Unsupported(
                f"is {code}, and {split} sample {early.argmax()} has it before another code; "
                "recipe idiomatic packs sequences by their lengths: put the padding at the end, "
                "or use recipe matched",
                field="layers[0].embedding.padding",
            )
