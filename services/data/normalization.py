"""Features as a trainer gets them: normalised in float64, then cast."""

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.spec import Normalization
from twinrun.contract.violation import Violation

from services.errors import InvalidRequest

_ROWS = 1024  # normalised at a time: in between they take 8 bytes a value


def normalised(
    features: NDArray[np.generic], normalization: Normalization, dtype: np.dtype[np.floating]
) -> NDArray[np.floating]:
    """Return (x - mean) / std of features [n, ...]; of pixels uint8 x is p / 255.

    Means and stds go along the last axis. Raises InvalidRequest: the result leaves ``dtype``.
    """
    mean = np.array(normalization.means or normalization.mean)
    std = np.array(normalization.stds or normalization.std)
    if features.dtype != np.uint8:
        return _of_numbers(features, mean, std, dtype)
    if mean.ndim == std.ndim == 0:
        return _of_pixels(features, _table(mean, std, dtype))
    values = np.empty(features.shape, dtype)
    for channel in range(features.shape[-1]):
        of = (each if each.ndim == 0 else each[channel] for each in (mean, std))
        values[..., channel] = _of_pixels(features[..., channel], _table(*of, dtype))
    return values


def _table(
    mean: NDArray[np.float64], std: NDArray[np.float64], dtype: np.dtype[np.floating]
) -> NDArray[np.floating]:
    """Normalise each of the 256 values of a pixel. Shape [256]."""
    with np.errstate(over="ignore"):  # refused below
        table = ((np.arange(256) / 255 - mean) / std).astype(dtype)
    if not np.isfinite(table).all():
        problem = f"is {std:g}; pixels overflow {dtype}"
        raise InvalidRequest([Violation("dataset.normalization.std", problem)])
    return table


def _of_pixels(pixels: NDArray[np.generic], table: NDArray[np.floating]) -> NDArray[np.floating]:
    values = np.empty(pixels.shape, table.dtype)
    for start in range(0, len(pixels), _ROWS):
        rows = slice(start, start + _ROWS)
        # clip needs no buffer
        np.take(table, pixels[rows].astype(np.intp), out=values[rows], mode="clip")
    return values


def _of_numbers(
    numbers: NDArray[np.generic],
    mean: NDArray[np.float64],
    std: NDArray[np.float64],
    dtype: np.dtype[np.floating],
) -> NDArray[np.floating]:
    values = np.empty(numbers.shape, dtype)
    with np.errstate(over="ignore"):  # refused below
        for start in range(0, len(numbers), _ROWS):
            rows = slice(start, start + _ROWS)
            values[rows] = (numbers[rows].astype(np.float64) - mean) / std
    if not np.isfinite(values).all():
        problem = f"lets features overflow {dtype}; scale the data, or use float64"
        raise InvalidRequest([Violation("dataset.normalization", problem)])
    return values
