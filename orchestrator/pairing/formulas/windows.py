"""Convolutions, pools and interpolation, over any number of axes."""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from orchestrator.pairing.formulas.activations import Floats
from orchestrator.pairing.formulas.settings import Settings, flag, number, numbers, sides


def _windows(x: Floats, settings: Settings, size: list[int], value: float) -> Floats:
    """Return what is under each window: [batch, *places, channels, *size]."""
    count = len(size)
    padding = [(0, 0), *sides(settings, count), (0, 0)]
    dilation = numbers(settings, "dilation", count, 1)
    stride = numbers(settings, "stride", count, 1)
    reach = [(each - 1) * step + 1 for each, step in zip(size, dilation, strict=True)]
    padded = np.pad(x, padding, constant_values=value)
    found = sliding_window_view(padded, reach, axis=tuple(range(1, count + 1)))
    places = (slice(None), *(slice(None, None, each) for each in stride), slice(None))
    return found[(*places, *(slice(None, None, each) for each in dilation))]


def convolved(x: Floats, kernel: Floats, settings: Settings) -> Floats:
    """Return the convolution of [batch, *places, in] by [*size, in / groups, out]."""
    count = x.ndim - 2
    groups = numbers(settings, "groups", 1, 1)[0]
    windows = _windows(x, settings, list(kernel.shape[:count]), 0.0)
    axes = tuple(range(-count, 0))
    parts = []
    for one, own in zip(
        np.split(windows, groups, axis=count + 1), np.split(kernel, groups, axis=-1), strict=True
    ):
        parts.append(np.tensordot(one, own, axes=((count + 1, *axes), (count, *range(count)))))
    return np.concatenate(parts, axis=-1)


def depthwise(x: Floats, kernel: Floats, settings: Settings) -> Floats:
    """Return the convolution of each channel by its own [*size, in, multiplier]."""
    own = kernel.reshape(*kernel.shape[:-2], 1, -1)
    return convolved(x, own, {**settings, "groups": str(x.shape[-1])})


def pooled(x: Floats, settings: Settings, *, largest: bool) -> Floats:
    """Return the largest or the mean value of each window.

    A mean counts what is padded, unless ``padding_value`` is not a number.
    """
    count = x.ndim - 2
    size = numbers(settings, "size", count, 1)
    value = float(settings.get("padding_value", -math.inf if largest else 0.0))
    settings = {"stride": settings.get("size", ""), **settings}
    if flag(settings, "ceil"):
        border = [(0, 0), *sides(settings, count), (0, 0)]
        x = np.pad(x, border, constant_values=value)
        more = [(0, 0), *_more(x, settings, size), (0, 0)]
        x = np.pad(x, more, constant_values=-math.inf if largest else math.nan)
        settings = {**settings, "padding": ""}
    windows = _windows(x, settings, size, value)
    axes = tuple(range(-count, 0))
    if largest:
        return np.asarray(windows.max(axis=axes))
    counted = ~np.isnan(windows)
    total = np.where(counted, windows, 0).sum(axis=axes)
    return np.asarray(total / counted.sum(axis=axes))


def _more(x: Floats, settings: Settings, size: list[int]) -> list[tuple[int, int]]:
    """Return what is added after each axis, so that its last values are in a window, too."""
    strides = numbers(settings, "stride", len(size), 1)
    axes = zip(x.shape[1:-1], sides(settings, len(size)), size, strides, strict=True)
    found = []
    for length, (_, after), reach, stride in axes:
        more = -(length - reach) % stride
        # A window that starts in what is only padded is none.
        found.append((0, more if length + more - reach < length - after else 0))
    return found


def bordered(x: Floats, settings: Settings) -> Floats:
    """Return it with a constant border."""
    if settings.get("mode", "constant") != "constant":
        raise ValueError
    border = sides(settings, x.ndim - 1)
    return np.pad(x, [(0, 0), *border], constant_values=number(settings, "padding_value", 0.0))


def resized(x: Floats, settings: Settings) -> Floats:
    """Return images ``size`` times as large: linear between pixels, else the nearest."""
    count = x.ndim - 2
    for axis, factor in enumerate(numbers(settings, "size", count, 1), start=1):
        length = x.shape[axis]
        if settings.get("interpolation", "nearest") == "nearest":
            x = np.repeat(x, factor, axis=axis)
        elif flag(settings, "corners"):
            x = _between(x, np.linspace(0, length - 1, length * factor), axis)
        else:
            x = _between(x, (np.arange(length * factor) + 0.5) / factor - 0.5, axis)
    return x


def _between(x: Floats, places: Floats, axis: int) -> Floats:
    """Return ``x`` at places between its values on an axis."""
    inside = np.clip(places, 0, x.shape[axis] - 1)
    low = np.minimum(inside.astype(int), max(x.shape[axis] - 2, 0))
    high = np.minimum(low + 1, x.shape[axis] - 1)
    share = (inside - low).reshape([-1 if each == axis else 1 for each in range(x.ndim)])
    return np.asarray(np.take(x, low, axis) * (1 - share) + np.take(x, high, axis) * share)
