"""The values of an image that windows take, one array for each place in a window."""

import itertools

import jax
from jax import lax


def places(x: jax.Array, size: int, stride: int) -> list[jax.Array]:
    """Return what ``size`` by ``size`` windows of ``x`` [batch, h, w, c] have at each place.

    Each is [batch, windows down, windows across, c].
    """
    x = lax.optimization_barrier(x)  # XLA would compute it again for each place in a window
    down, across = ((side - size) // stride * stride + 1 for side in x.shape[1:3])
    return [
        x[:, i : i + down : stride, j : j + across : stride]
        for i, j in itertools.product(range(size), repeat=2)
    ]
