"""Features as a trainer gets them: normalised in float64, then cast."""

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.spec import Normalization
from twinrun.contract.violation import Violation

from services.data import tensors
from services.errors import InvalidRequest

_ROWS = 1024  # normalised at a time: in between they take 8 bytes a value


def normalised(
    features: NDArray[np.generic], normalization: Normalization, dtype: np.dtype[np.floating]
) -> NDArray[np.floating]:
    """Return (x - mean) / std of features [n, ...]; of pixels uint8 x is p / 255; codes as int64.

    Where that changes nothing, they are the features themselves, not a copy. Means and stds go
    along the last axis. Raises InvalidRequest: the result leaves ``dtype``.
    """
    if features.dtype.kind == "i":  # PyTorch's users look up int64
        return features.astype(np.int64)
    mean = np.array(normalization.means or normalization.mean, np.float64)
    std = np.array(normalization.stds or normalization.std, np.float64)
    if features.dtype != np.uint8:
        return _of_numbers(features, mean, std, dtype)
    if mean.ndim == std.ndim == 0:
        return _of_pixels(features, _table(mean, std, dtype))
    values = np.empty(features.shape, dtype)
    channels = features.shape[-1]
    means, stds = np.broadcast_to(mean, channels), np.broadcast_to(std, channels)
    for channel in range(channels):
        table = _table(means[channel], stds[channel], dtype)
        values[..., channel] = _of_pixels(features[..., channel], table)
    return values


def by_channel(normalization: Normalization, channels: int) -> tuple[list[float], list[float]]:
    """Return means and stds, one for each of the ``channels``."""
    means = normalization.means or [normalization.mean] * channels
    stds = normalization.stds or [normalization.std] * channels
    return list(means), list(stds)


def _table(
    mean: np.float64 | NDArray[np.float64],
    std: np.float64 | NDArray[np.float64],
    dtype: np.dtype[np.floating],
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
    same = bool(numbers.dtype == dtype and (mean == 0).all() and (std == 1).all())
    values = numbers.astype(dtype, copy=False) if same else tensors.empty(numbers.shape, dtype)
    finite = True
    with np.errstate(over="ignore"):  # refused below
        for start in range(0, len(numbers), _ROWS):
            rows = slice(start, start + _ROWS)
            if not same:
                values[rows] = (numbers[rows].astype(np.float64) - mean) / std
            finite = finite and bool(np.isfinite(values[rows]).all())
            tensors.release(numbers)
    if not finite:
        problem = f"lets features overflow {dtype}; scale the data, or use float64"
        raise InvalidRequest([Violation("dataset.normalization", problem)])
    return values
