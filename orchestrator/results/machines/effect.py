"""A ratio from blocks on several machines, which are a random effect.

Blocks of one machine have its peculiarity in common, so they are not independent of each other:
machines are. Each one's ratio is estimated as on one machine, by Hodges and Lehmann, and has the
variance of a mean of so many blocks, from the scatter within all machines. Between machines the
variance is Paule and Mandel's (1982). Their mean is weighted by the inverse of both together, and
its interval is Student's, with one degree of freedom less than there are machines, as Hartung and
Knapp (2001) and Sidik and Jonkman (2002) have it, in the variant that is never narrower than where
machines do not differ (Röver, Knapp and Friede 2015). docs/method.md says how often it contains the
true value.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestrator.results.estimate import LEVEL, Estimate, centre, estimate, fewest_pairs

_STEPS = 64  # of a bisection: to the precision of its numbers


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """The log ratios of machines: float64[machines] each.

    ``within``: the variance of each ``middle`` by its own blocks alone; ``freedom``: the degrees of
    freedom of that scatter, 0 if no machine has two blocks.
    """

    middle: NDArray[np.float64]
    within: NDArray[np.float64]
    freedom: int


def estimate_over(
    first: Sequence[float], second: Sequence[float], machines: Sequence[str], together: float = 1
) -> Estimate:
    """Estimate ``second`` over ``first``, block by block; ``machines``: where each block ran.

    On one machine it is `estimate`, whose other arguments and errors it has. Two intervals of
    machines are as wide as they must be: two say little about a third.
    """
    if len(set(machines)) < 2:
        return estimate(first, second, together)
    logs = np.log(np.asarray(second, float) / np.asarray(first, float))
    found = effects(logs, machines)
    weights = 1 / (found.within + between(found)) if _varies(found) else np.ones_like(found.middle)
    middle = float(np.average(found.middle, weights=weights))
    if len(logs) < fewest_pairs(together):
        return Estimate(math.exp(middle), None, None, len(logs))
    from scipy import stats  # noqa: PLC0415 - takes a while to import

    t = float(stats.t.ppf(1 - (1 - LEVEL) / 2 / together, len(found.middle) - 1))
    half = t / math.sqrt(float(weights.sum())) if _varies(found) else 0.0
    return Estimate(math.exp(middle), math.exp(middle - half), math.exp(middle + half), len(logs))


def effects(logs: NDArray[np.float64], machines: Sequence[str]) -> Effects:
    """Return the effect of each machine, in the order in which they first occur."""
    names, where = list(dict.fromkeys(machines)), np.asarray(machines)
    groups = [logs[where == name] for name in names]
    middle = np.array([float(centre(group)) for group in groups])
    freedom = len(logs) - len(groups)
    squares = sum(float(((g - m) ** 2).sum()) for g, m in zip(groups, middle, strict=True))
    variance = squares / freedom if freedom else 0.0
    return Effects(middle, variance / np.array([len(group) for group in groups]), freedom)


def between(found: Effects) -> float:
    """Return the variance between machines: Paule and Mandel's, by bisection. 0: none is seen."""
    free = len(found.middle) - 1

    def excess(variance: float) -> float:
        weights = 1 / (found.within + variance)
        mean = np.average(found.middle, weights=weights)
        return float((weights * (found.middle - mean) ** 2).sum()) - free

    low, high = 0.0, float(np.var(found.middle, ddof=1)) * len(found.middle)
    if high == 0 or (found.within.any() and excess(0.0) <= 0):
        return 0.0
    for _ in range(_STEPS):
        half = (low + high) / 2
        low, high = (half, high) if excess(half) > 0 else (low, half)
    return high


def apart(found: Effects) -> list[bool]:
    """Return which machines differ from the others by more than their blocks' scatter explains.

    The one that differs most is left out before the others are looked at, since all of them differ
    from it. The last two both differ, or neither. All together they are wrong with 1 - `LEVEL` at
    most.
    """
    count = len(found.middle)
    differ = [False] * count
    if not found.freedom or not found.within.any():
        return differ
    from scipy import stats  # noqa: PLC0415 - takes a while to import

    limit = float(stats.t.ppf(1 - (1 - LEVEL) / 2 / count, found.freedom))
    left = list(range(count))
    while len(left) > 1:
        distances = [_distance(found, index, left) for index in left]
        if max(distances) <= limit:
            break
        furthest = left if len(left) == 2 else [left[int(np.argmax(distances))]]
        for index in furthest:
            differ[index] = True
        left = [index for index in left if index not in furthest]
    return differ


def _distance(found: Effects, index: int, among: Sequence[int]) -> float:
    """Return how far a machine is from the others, in standard errors of their scatter."""
    others = [other for other in among if other != index]
    weights = 1 / found.within[others]
    rest = float(np.average(found.middle[others], weights=weights))
    error = math.sqrt(float(found.within[index]) + 1 / float(weights.sum()))
    return abs(float(found.middle[index]) - rest) / error


def _varies(found: Effects) -> bool:
    return bool(found.within.any()) or bool(np.ptp(found.middle))
