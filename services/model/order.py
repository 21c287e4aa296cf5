"""Batch order: the same samples in the same batches in every framework."""

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def permutation(seed: int, epoch: int, samples: int) -> NDArray[np.int32]:
    """Return sample indices of one epoch (from 0), int32[samples], by Philox (seed, epoch)."""
    generator = np.random.Generator(np.random.Philox(key=[seed, epoch]))
    return generator.permutation(samples).astype(np.int32)


def limited(order: NDArray[np.int32], batch_size: int, steps: int | None) -> NDArray[np.int32]:
    """Return the first ``steps`` - 1 batches and the last one of the order; None: all of it."""
    last = (len(order) - 1) // batch_size  # the last batch's index
    if steps is None or steps > last:
        return order
    return np.concatenate([order[: (steps - 1) * batch_size], order[last * batch_size :]])


def chunks(order: NDArray[np.int32], batch_size: int, steps: int) -> list[NDArray[np.int32]]:
    """Cut an epoch's order into int32[up to steps, batch_size]; a short last batch is separate."""
    whole = len(order) // batch_size
    batches = order[: whole * batch_size].reshape(whole, batch_size)
    cut = [batches[start : start + steps] for start in range(0, whole, steps)]
    if len(order) % batch_size:
        cut.append(order[whole * batch_size :].reshape(1, -1))
    return cut


def batch_sizes(samples: int, batch_size: int, steps: int) -> NDArray[np.int64]:
    """Return sizes of an epoch's batches, int64[steps]: the last may be short, or left out.

    Raises ValueError if an epoch of ``samples`` has another number of steps.
    """
    sizes = np.minimum(batch_size, samples - np.arange(0, samples, batch_size))
    if steps != len(sizes) and steps != samples // batch_size:
        raise ValueError(f"{steps} steps were taken in an epoch of {len(sizes)}")
    return sizes[:steps]


def digest(orders: Iterable[NDArray[np.int32]]) -> str:
    """Hash the index arrays of all epochs as little-endian int32: SHA-256, hexadecimal."""
    sha256 = hashlib.sha256()
    for order in orders:
        sha256.update(order.astype("<i4").tobytes())
    return sha256.hexdigest()
