"""Where along an axis one side stops being the faster one, and how certain that is.

A crossover is claimed between two cells only if the trials show opposite signs of the log ratio at
both. A line whose true ratios are all on one side of 1 can show one only if some cell's interval
lies on the wrong side of 1. Each end of m intervals, of which m / 2 hold together at `LEVEL`, errs
with a probability of (1 - LEVEL) / m (Bonferroni): so at most 1 - LEVEL of such lines claim one.

Its place is where the line through the cells' estimates crosses 1: log ratio over the axis, both
linear in between, the axis by its logarithm if it is above zero. Where it crosses several times it
is the length on which the first sign holds. Its interval is by percentiles of a bootstrap of the
blocks, each cell's on their own, as far out as those of a ratio (`orchestrator.results.estimate`).
It does not say how straight the true line is between two cells.

Where blocks ran on several machines, a sign is shown by an interval that covers machines too
(`orchestrator.results.machines.effect`), and not by a cell that had only one of them. What moves
one cell's ratio on a machine may move all, so blocks are no unit to draw from: the ends of the
place are where the lines through the lower and through the upper ends of the cells' intervals
cross 1. If all cells err alike, that is as certain as one of them; else more.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestrator.results.estimate import Estimate, beyond, centre, fewest_pairs
from orchestrator.results.machines.effect import estimate_over
from orchestrator.results.verdict import LEVEL_BELOW

_RESAMPLES = 4999
_Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Point:
    """A cell ``at`` a place of the axis; its ``ratios``: seconds of a side over the baseline's.

    ``machines``: where the block of each ratio ran; none of what is of no cluster.
    """

    at: float
    ratios: Sequence[float]
    machines: Sequence[str] = ()

    def estimate(self, together: float = 1) -> Estimate:
        """Estimate the ratio, with an interval that covers its machines, if it has several."""
        ones, here = [1.0] * len(self.ratios), [""] * len(self.ratios)
        return estimate_over(ones, self.ratios, self.machines or here, together)


@dataclass(frozen=True, slots=True)
class Crossover:
    """Its place, the ends of its 95 % interval, and the two values between which it was shown.

    ``baseline_below``: whether the baseline is faster below it, and the other side above.
    """

    at: float
    low: float
    high: float
    between: tuple[float, float]
    baseline_below: bool


def fewest_blocks(cells: int) -> int:
    """Return how many blocks each of so many cells of a line needs to show a crossover."""
    return fewest_pairs(_together(cells))


def crossovers(points: Sequence[Point]) -> list[Crossover]:
    """Return those that the cells of a line show, in the order of the axis; most often none.

    ``points``: at different places, in any order.
    """
    line = sorted(points, key=lambda point: point.at)
    several = len({name for point in line for name in point.machines}) > 1
    signs = [
        0 if several and len(set(point.machines)) < 2 else _sign(point, len(line)) for point in line
    ]
    shown = [index for index, sign in enumerate(signs) if sign]
    return [
        _crossover(line[one : other + 1], signs[one], several=several)
        for one, other in itertools.pairwise(shown)
        if signs[one] != signs[other]
    ]


def logarithmic(places: Sequence[float]) -> bool:
    """Return whether an axis with these values is taken by its logarithm."""
    return min(places) > 0


def _together(cells: int) -> float:
    return max(1.0, cells / 2)


def _sign(point: Point, cells: int) -> int:
    """Return 1 if the baseline is shown to be faster by an amount that matters, -1: the other."""
    if not point.ratios:
        return 0
    found = point.estimate(_together(cells))
    apart = math.log(found.ratio)
    if not found.shown or abs(apart) < math.log(LEVEL_BELOW):
        return 0
    return 1 if apart > 0 else -1


def _crossover(line: Sequence[Point], sign: int, *, several: bool) -> Crossover:
    """Return the crossover between the ends of ``line``, of which the first has that sign.

    Cells in between that have too few blocks, or machines, for an interval of a place are left out.
    """
    least = fewest_pairs() if several else 2
    machines = 2 if several else 0
    line = [p for p in line if len(p.ratios) >= least and len(set(p.machines)) >= machines]
    values = [point.at for point in line]
    by_logarithm = logarithmic(values)
    places = np.log(values) if by_logarithm else np.array(values, float)
    if several:
        middles, ends = _by_ends(places, line, sign)
    else:
        middles, ends = _by_blocks(places, line, sign)
    at = _crossing(places, middles)
    found = np.array([at[0], *ends])
    middle, low, high = (np.exp(found) if by_logarithm else found).tolist()
    return Crossover(middle, low, high, (values[0], values[-1]), baseline_below=sign > 0)


def _by_blocks(places: _Values, line: Sequence[Point], sign: int) -> tuple[_Values, _Values]:
    """Return the heights, float64[places, 1], and the ends of the place by drawing blocks."""
    logs = [np.log(point.ratios) for point in line]
    rng = np.random.default_rng(0)  # so that the same trials always give the same
    drawn = [centre(each[rng.integers(len(each), size=(_RESAMPLES, len(each)))]) for each in logs]
    outside = beyond(min(map(len, logs)))
    ends = np.quantile(_crossing(places, sign * np.array(drawn)), [outside, 1 - outside])
    return sign * np.array([[centre(each)] for each in logs]), ends


def _by_ends(places: _Values, line: Sequence[Point], sign: int) -> tuple[_Values, _Values]:
    """Return the same, the ends by those of the cells' intervals."""
    found = [point.estimate() for point in line]
    ends = [[each.low or each.ratio, each.high or each.ratio] for each in found]
    heights = np.sort(sign * np.log(ends), axis=1)
    return sign * np.log([[each.ratio] for each in found]), _crossing(places, heights)


def _crossing(places: _Values, heights: _Values) -> _Values:
    """Return up to where lines are above zero. ``heights``: float64[places, lines]."""
    above = np.maximum(heights, 0)
    apart = np.abs(heights[:-1]) + np.abs(heights[1:])
    shares = np.divide(above[:-1] + above[1:], apart, out=np.full_like(apart, 0.5), where=apart > 0)
    ends: _Values = places[0] + np.diff(places) @ shares
    return ends
