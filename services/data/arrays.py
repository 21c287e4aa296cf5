"""A dataset as arrays in memory. NumPy only."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Data:
    """A dataset in memory: normalised features in the parameters' precision, and their labels.

    Features are images [n, h, w, c], or the user's own [n, ...]. Labels are classes, int32[n], or
    for other losses [n, outputs] in the parameters' precision.

    Where training samples are held back for validation, they stand before those of the test split.
    Pixels are the images as they were before normalisation, uint8[n, h, w, c]; None: the features
    are no pixels.
    """

    train_images: NDArray[np.floating]
    train_labels: NDArray[np.generic]
    test_images: NDArray[np.floating]
    test_labels: NDArray[np.generic]
    train_pixels: NDArray[np.uint8] | None
    test_pixels: NDArray[np.uint8] | None
