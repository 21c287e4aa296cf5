"""Seconds of trials with the noise that docs/method.md measured on a shared machine."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LAYOUT = 0.03  # standard deviation between processes: where things lie in memory, 0.013 to 0.055
_NEIGHBOUR = (0.05, 0.10)  # longer while a neighbour works, which no counter shows
_BEGINS, _ENDS = 0.05, 0.3  # chances per trial that it begins and ends: some 3 trials, 6 s, a time
_DRIFT = 0.001  # of the machine, from trial to trial: 4 % in an hour of trials of 2 s


def trials(rng: np.random.Generator, count: int, layout: float = LAYOUT) -> Floats:
    """Of ``count`` trials one after the other, of a job that takes 1 s but for the noise."""
    disturbed, worked = np.zeros(count), 0.0
    for index in range(count):
        if worked:
            worked = 0.0 if rng.random() < _ENDS else worked
        elif rng.random() < _BEGINS:
            worked = rng.uniform(*_NEIGHBOUR)
        disturbed[index] = np.log1p(worked)
    drift = np.cumsum(_DRIFT * rng.standard_normal(count))
    return np.exp(layout * rng.standard_normal(count) + disturbed + drift)


def pairs(
    rng: np.random.Generator, count: int, slower: float = 0.0, layout: float = LAYOUT
) -> tuple[Floats, Floats]:
    """Of two sides' trials, pair by pair in random order; the second is ``slower`` by a share."""
    taken = trials(rng, 2 * count, layout).reshape(count, 2)
    order = rng.permuted(np.tile([0, 1], (count, 1)), axis=1)
    first, second = np.take_along_axis(taken, order, axis=1).T
    return first, second * (1 + slower)
