"""How far the arrays of two traces are apart."""

from collections.abc import Iterator
from itertools import permutations

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.traced import TracedLayer

from orchestrator.pairing.result import Arrays, PairedLayer, Pairing

Array = NDArray[np.generic]


def gap(one: Array, other: Array, scale: float | None = None) -> float:
    """Return the largest difference, relative to ``scale``; default: the largest value of both.

    Infinite if the shapes differ, or where one is finite and the other is not.
    """
    if one.shape != other.shape:
        return np.inf
    first, second = one.astype(float), other.astype(float)
    if not np.array_equal(np.isfinite(first), np.isfinite(second)):
        return np.inf
    finite = np.isfinite(first)
    first, second = first[finite], second[finite]
    if not first.size:
        return 0.0
    largest = float(max(np.abs(first).max(), np.abs(second).max()) if scale is None else scale)
    apart = float(np.abs(first - second).max())
    return apart / largest if largest else (np.inf if apart else 0.0)


def solved(table: NDArray[np.floating], wanted: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the least squares' solution [columns, ...] of ``table`` [rows, columns].

    NaN, if not all is finite: LAPACK would complain on the terminal, or not come to an end.
    """
    if not (np.isfinite(table).all() and np.isfinite(wanted).all()):
        return np.full((table.shape[1], *wanted.shape[1:]), np.nan)
    found: NDArray[np.floating] = np.linalg.lstsq(table, wanted, rcond=None)[0]
    return found


def turned_gap(one: Array, other: Array) -> float:
    """Return the `gap` of what may have its axes in other orders."""
    one, other = _without_ones(one, other)
    return min(gap(each, other) for each in _turned(one, other))


def layer_gap(
    pairing: Pairing,
    pair: PairedLayer,
    what: str,
    arrays: tuple[Arrays, Arrays],
    floor: float = 0.0,
) -> float | None:
    """Return how far ``what`` of two calls is apart, ``output`` or ``slope``; None: not traced.

    It is relative to the largest value, or to ``floor`` if that is larger.

    The values of a flattened image may come in either order: what follows tells which is meant.
    """
    one = arrays[0].get(f"{what}/{pair.first}")
    other = arrays[1].get(f"{what}/{pair.second}")
    if one is None or other is None:
        return None
    one, other = _without_ones(one, other)
    if one.ndim != other.ndim and what != "output":
        return None
    if one.ndim < other.ndim:
        one, other = other, one
    largest = max(float(np.abs(each.astype(float)).max(initial=0)) for each in (one, other))
    scale = max(floor, largest) or None
    layers = pairing.first.layers[pair.first], pairing.second.layers[pair.second]
    if any(layer.kind == "flatten" for layer in layers):
        return min(gap(mine, other, scale) for mine in _orders(one, layers))
    return min(gap(mine, other, scale) for mine in _turned(one, other))


def laid_like(one: Array, other: Array, *, both_ways: bool = False) -> Array | None:
    """Return one output with the shape of another that is the same thing; None: it has less.

    ``both_ways``: a sequence's end is that of both directions.
    """
    mine, theirs = _without_ones(one, other)
    if mine.ndim < theirs.ndim:
        return None
    fits = [turned for turned in _turned(mine, theirs) if turned.shape == theirs.shape]
    if both_ways and mine.ndim > theirs.ndim:
        fits = fits[-1:]
    closest = min(fits, key=lambda turned: gap(turned, theirs), default=None)
    return None if closest is None else closest.reshape(other.shape)


def _without_ones(one: Array, other: Array) -> tuple[Array, Array]:
    """Return both without axes of length 1 if that alone makes their shapes differ.

    A mean over an image is [batch, 1, 1, channels] on one side and [batch, channels] on the other.
    """
    shapes = [(len(each), *(size for size in each.shape[1:] if size != 1)) for each in (one, other)]
    if one.shape == other.shape or shapes[0] != shapes[1]:
        return one, other
    return one.reshape(shapes[0]), other.reshape(shapes[1])


def _states(steps: Array) -> Iterator[Array]:
    """Yield the last state of [batch, steps, width]; of two directions, each one's last."""
    half = steps.shape[2] // 2
    yield steps[:, -1]
    yield np.concatenate([steps[:, -1, :half], steps[:, 0, half:]], axis=1)


def _turned(one: Array, other: Array) -> Iterator[Array]:
    """Yield it; if only the order of its axes is another one, in all that give the shape.

    Between layers, people lay sequences out either way: what follows tells which is meant.
    """
    yield one
    if one.ndim == 3 and other.ndim == 2:
        yield from _states(one)
    if one.shape != other.shape and sorted(one.shape) == sorted(other.shape):
        for order in permutations(range(1, one.ndim)):
            turned = one.transpose(0, *order)
            if turned.shape == other.shape:
                yield turned


def _orders(one: Array, layers: tuple[TracedLayer, TracedLayer]) -> Iterator[Array]:
    """Yield flattened images in the order that they have, and in the two that they may have."""
    yield one
    for layer in layers:
        shape = layer.input_shape
        if one.ndim == 2 and len(shape) > 1 and np.prod(shape) == one.shape[1]:
            yield to_channels_first(one, shape)
            yield to_channels_last(one, shape)


def to_channels_first(rows: Array, shape: tuple[int, ...]) -> Array:
    """Reorder [batch, n] from flattened [..., channels] to flattened [channels, ...]."""
    images = rows.reshape(-1, *shape)
    return np.moveaxis(images, -1, 1).reshape(rows.shape)


def to_channels_last(rows: Array, shape: tuple[int, ...]) -> Array:
    """Reorder [batch, n] from flattened [channels, ...] to flattened [..., channels].

    ``shape``: channels last.
    """
    images = rows.reshape(-1, shape[-1], *shape[:-1])
    return np.moveaxis(images, 1, -1).reshape(rows.shape)
