"""How many times as much one side took as the other, and how sure that is, from paired trials.

The unit is the pair: two trials that ran one after the other, one of each side. Pairs are
independent of each other, which the epochs within a trial are not; those only make what stands
for a trial steadier (`orchestrator.quantities`).

The estimate is Hodges and Lehmann's (1963): the median of the means of all pairs of log ratios,
each with itself among them. Like the median it shrugs off a trial that a neighbour disturbed, and
it wastes less of the rest. Its interval is the bootstrap's, bias-corrected and accelerated (BCa;
Efron 1987), by SciPy. Percentiles of a bootstrap of few values are too narrow, so that they are
taken further out, by the rule of Hesterberg (2015) for expanded percentiles: as far as Student's t
would be, whose variance has one value less. docs/method.md has how often the interval then holds
the truth.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
# The whole range of n values misses their median with a chance of 2^(1 - n): of five it covers
# less than 95 %, and no resampling of five can do better than their range.
FEWEST_PAIRS = 6
_RESAMPLES = 9999
_BATCH = 500  # resamples at once, for the memory that they take


@dataclass(frozen=True, slots=True)
class Estimate:
    """A ratio, and between what it lies at ``LEVEL``; None where the pairs are too few to say."""

    ratio: float
    low: float | None
    high: float | None
    pairs: int

    @property
    def shown(self) -> bool:
        """Whether there is a difference: 1 is not in the interval."""
        return self.low is not None and self.high is not None and not self.low <= 1 <= self.high

    @property
    def half_width(self) -> float | None:
        """Of the interval, as a fraction: differences below it could not have been seen."""
        if self.low is None or self.high is None:
            return None
        return math.sqrt(self.high / self.low) - 1


def estimate(first: Sequence[float], second: Sequence[float]) -> Estimate:
    """``second`` over ``first``, pair by pair; all above zero.

    Exchanging the two inverts the ratio and its interval; scaling both changes nothing. Raises
    ValueError where they are none, or not as many of one as of the other.
    """
    if len(first) != len(second) or len(first) == 0:
        raise ValueError(f"{len(first)} and {len(second)} values do not make pairs")
    ratios = np.log(np.asarray(second, float) / np.asarray(first, float))
    middle = float(centre(ratios))
    low, high = _interval(ratios, middle)
    if low is None or high is None:
        return Estimate(math.exp(middle), None, None, len(ratios))
    return Estimate(math.exp(middle), math.exp(low), math.exp(high), len(ratios))


def centre(values: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
    """Hodges and Lehmann's estimate along an axis."""
    values = np.moveaxis(values, axis, -1)
    i, j = np.triu_indices(values.shape[-1])
    found: NDArray[np.float64] = np.median((values[..., i] + values[..., j]) / 2, axis=-1)
    return found


def _interval(
    values: NDArray[np.float64], middle: float
) -> tuple[float, float] | tuple[None, None]:
    if len(values) < FEWEST_PAIRS:
        return None, None
    if np.ptp(values) == 0:  # as sizes can be
        return middle, middle
    from scipy import stats  # noqa: PLC0415 - takes a while to import

    count = len(values)
    reach = math.sqrt(count / (count - 1)) * stats.t.ppf((1 + LEVEL) / 2, count - 1)
    found = stats.bootstrap(
        (values,),
        centre,
        n_resamples=_RESAMPLES,
        batch=_BATCH,
        vectorized=True,
        confidence_level=2 * stats.norm.cdf(reach) - 1,
        method="BCa",
        rng=np.random.default_rng(0),  # so that the same trials always say the same
    ).confidence_interval
    return float(found.low), float(found.high)
