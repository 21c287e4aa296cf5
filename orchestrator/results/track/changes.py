"""Where a series of values changes: E-divisive (Matteson and James, 2014, section 2).

A divergence of the energy statistic, with the distance of two values to the power of 1, measures
how far apart two parts of the series are. The best split of any part is accepted if few random
orders of the values within the parts have one as good; then the parts are split further. A series
without a change is one whose values could have come in any order, so the first test, and with it
any claim, is wrong at most at the chosen rate. ``A Nonparametric Approach for Multiple Change Point
Analysis of Multivariate Data``, Journal of the American Statistical Association 109,
https://doi.org/10.1080/01621459.2013.849605.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEAST = 3  # runs of a part: fewer are an accident
_LEAST_ORDERS = 999
_VALUES = 2_000_000  # distances at a time, to limit memory


@dataclass(frozen=True, slots=True)
class Split:
    """Values from index ``at`` on are others; ``p``: how often random orders look so."""

    at: int
    p: float


def orders(rate: float) -> int:
    """Return how many random orders a test at this ``rate`` takes."""
    return max(_LEAST_ORDERS, math.ceil(10 / rate) - 1)


def fewest(rate: float) -> int:
    """Return how many values show a change in their middle that no noise hides.

    Two of all orders look like it: it itself and its mirror image. Twice as many may be drawn.
    """
    counts = itertools.count(2 * LEAST)
    return next(count for count in counts if 4 / math.comb(count, count // 2) <= rate)


def changes(values: Sequence[float], rate: float) -> list[Split]:
    """Return the changes of a series of values above zero, in order; the same for the same values.

    ``rate``: how often a change is claimed in a series without one, at most.
    """
    logs = np.log(np.asarray(values, float))
    distances = np.abs(logs[:, np.newaxis] - logs)
    rng = np.random.default_rng(0)
    ends, found = [0, len(logs)], list[Split]()
    while (best := _best(distances, ends)) is not None:
        strength, at = best
        p = _share_as_good(distances, ends, strength, orders(rate), rng)
        if p > rate:
            break
        found.append(Split(at, p))
        ends = sorted([*ends, at])
    return sorted(found, key=lambda split: split.at)


def _best(distances: Floats, ends: Sequence[int]) -> tuple[float, int] | None:
    """Return the strongest split of any part: its divergence, and where. None: all are short."""
    splits = [
        (float(strengths.max()), first + LEAST + int(strengths.argmax()))
        for first, last in itertools.pairwise(ends)
        if len(strengths := _divergences(distances[np.newaxis, first:last, first:last])[0])
    ]
    return max(splits, default=None)


def _share_as_good(
    distances: Floats, ends: Sequence[int], strength: float, count: int, rng: np.random.Generator
) -> float:
    """Return the share of random orders within the parts whose best split is as strong."""
    strongest = np.zeros(count)
    for first, last in itertools.pairwise(ends):
        size = last - first
        if size < 2 * LEAST:
            continue
        part = distances[first:last, first:last]
        step = max(1, _VALUES // size**2)
        for start in range(0, count, step):
            many = min(step, count - start)
            order = rng.permuted(np.tile(np.arange(size), (many, 1)), axis=1)
            shuffled = part[order[:, :, np.newaxis], order[:, np.newaxis, :]]
            here = strongest[start : start + many]
            np.maximum(here, _divergences(shuffled).max(axis=1), out=here)
    # Equal up to rounding is as good: the observed order is one of those that are drawn.
    return float(1 + np.sum(strongest >= strength * (1 - 1e-9))) / (count + 1)


def _divergences(distances: Floats) -> Floats:
    """Return the divergence of each split that leaves both parts `LEAST` values.

    float64[orders, values, values] -> float64[orders, splits]. Of parts X and Y with m and n values
    m n / (m + n) (2 E|X - Y| - E|X - X'| - E|Y - Y'|); the last two are means over different
    values.
    """
    size = distances.shape[-1]
    sizes = np.arange(LEAST, size - LEAST + 1)
    inner = 2 * np.cumsum(np.tril(distances).sum(axis=-1), axis=-1)  # within the first i + 1
    rows = np.cumsum(distances.sum(axis=-1), axis=-1)  # of the first i + 1 to all
    one, whole = inner[..., sizes - 1], inner[..., -1:]
    across = rows[..., sizes - 1] - one
    other = whole - one - 2 * across
    rest = size - sizes
    strength: Floats = (sizes * rest / size) * (
        2 * across / (sizes * rest) - one / (sizes * (sizes - 1)) - other / (rest * (rest - 1))
    )
    return strength
