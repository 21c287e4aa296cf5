"""How many times as long one side took as the other, and how certain that is, from paired trials.

The unit is the pair: two trials that ran one after the other, one of each side. Pairs are
independent of each other; the epochs within a trial are not, and only make a trial's value steadier
(`orchestrator.results.quantities`).

The estimate is Hodges and Lehmann's (1963): the median of the means of all pairs of log ratios,
including each with itself. Like the median it is robust to a trial that a neighbour disturbed, but
it is more efficient. Its interval is the bootstrap's, bias-corrected and accelerated (BCa; Efron
1987), by SciPy. Percentiles of a bootstrap of few values are too narrow, so they are moved
outwards, by the rule of Hesterberg (2015) for expanded percentiles: as far as Student's t would be,
whose variance has one value less. docs/method.md says how often the interval then contains the true
value.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
_RESAMPLES = 9999
_BATCH = 500  # resamples at a time, to limit memory


def fewest_pairs(together: float = 1) -> int:
    """Return how many pairs intervals need, of which ``together`` hold at ``LEVEL``.

    The full range of n values misses their median with probability 2^(1 - n): for five it covers
    less than 95 %, and no resampling of five can exceed their range.
    """
    return 1 + math.ceil(math.log2(together / (1 - LEVEL)))


FEWEST_PAIRS = fewest_pairs()


@dataclass(frozen=True, slots=True)
class Estimate:
    """A ratio with the ends of its interval at ``LEVEL``; None if there are too few pairs."""

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
        """Half the interval as a fraction: smaller differences could not have been seen."""
        if self.low is None or self.high is None:
            return None
        return math.sqrt(self.high / self.low) - 1


@dataclass(frozen=True, slots=True)
class Amount:
    """A difference in the unit of its values, with the ends of its interval, as `Estimate`."""

    value: float
    low: float | None
    high: float | None
    pairs: int

    @property
    def within_noise(self) -> bool:
        """Whether 0 is in the interval, so that it may be nothing."""
        return self.low is not None and self.high is not None and self.low <= 0 <= self.high


def estimate(first: Sequence[float], second: Sequence[float], together: float = 1) -> Estimate:
    """Estimate ``second`` over ``first``, pair by pair; all above zero.

    ``together``: this many intervals must hold simultaneously at ``LEVEL``. By Bonferroni's
    inequality they do if each misses with a probability ``together`` times as small. Exchanging the
    two inverts the ratio and its interval; scaling both changes nothing. Raises ValueError if they
    are empty, or of different lengths.
    """
    if len(first) != len(second) or len(first) == 0:
        raise ValueError(f"{len(first)} and {len(second)} values do not make pairs")
    ratios = np.log(np.asarray(second, float) / np.asarray(first, float))
    middle = float(centre(ratios))
    low, high = _interval([ratios], centre, middle, together)
    if low is None or high is None:
        return Estimate(math.exp(middle), None, None, len(ratios))
    return Estimate(math.exp(middle), math.exp(low), math.exp(high), len(ratios))


def estimate_amount(differences: Sequence[float], *parts: Sequence[float]) -> Amount:
    """Estimate what ``differences`` of pairs are, without ``parts`` of them, pair by pair.

    Each of them is estimated as above, so the amount and its parts add up exactly.
    """
    series = [np.asarray(values, float) for values in (differences, *parts)]

    def rest(*each: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
        whole, *others = (centre(values, axis) for values in each)
        return whole - sum(others, np.float64(0))

    middle = float(rest(*series))
    low, high = _interval(series, rest, middle, 1)
    return Amount(middle, low, high, len(series[0]))


def estimate_quotient(
    numerators: Sequence[float], denominators: Sequence[float], together: int = 1
) -> Amount:
    """Estimate the quotient of what two series of the same pairs are about, such as seconds.

    Both are estimated as above, and drawn together. It means something only if the denominators'
    estimate is clearly not 0, which the caller must know. ``together``: as in `estimate`.
    """
    series = [np.asarray(values, float) for values in (numerators, denominators)]

    def quotient(*each: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
        above, below = (centre(values, axis) for values in each)
        with np.errstate(divide="ignore", invalid="ignore"):
            divided: NDArray[np.float64] = above / below
        return divided

    middle = float(quotient(*series))
    if not math.isfinite(middle):
        return Amount(middle, None, None, len(series[0]))
    low, high = _interval(series, quotient, middle, together)
    return Amount(middle, low, high, len(series[0]))


def estimate_mean(differences: Sequence[float], together: int = 1, level: float = LEVEL) -> Amount:
    """Estimate the mean of ``differences`` of pairs, with Student's interval at ``level``.

    Of what depends on the seed, such as a metric. A pair that differs much is no disturbance there:
    a seed with which one side does not learn is part of the answer, so the estimate must not be
    robust to it. Metrics are discrete, too: of many equal values a bootstrap of the median gives an
    interval without width. ``together``: as in `fewest_pairs`. Raises ValueError if there is none.
    """
    if not differences:
        raise ValueError("no difference has no mean")
    values = np.asarray(differences, float)
    middle, count = float(values.mean()), len(values)
    if count < fewest_pairs(together):
        return Amount(middle, None, None, count)
    from scipy import stats  # noqa: PLC0415 - takes a while to import

    error = float(values.std(ddof=1)) / math.sqrt(count)
    half = error * float(stats.t.ppf(1 - (1 - level) / 2 / together, count - 1))
    return Amount(middle, middle - half, middle + half, count)


def estimate_apart(first: Sequence[float], second: Sequence[float], together: int = 1) -> Estimate:
    """Estimate ``second`` over ``first``, for unpaired trials: of another day, or machine.

    Hodges and Lehmann's shift, the median of all differences of a log of one and a log of the
    other; its interval by percentiles of a bootstrap of both, as far out as above. ``pairs`` is the
    number of the smaller side. ``together``: as in `estimate`. Raises ValueError if one has none.
    """
    if not first or not second:
        raise ValueError(f"{len(first)} and {len(second)} values cannot be held together")
    one, other = (np.log(np.asarray(values, float)) for values in (first, second))
    middle, fewest = math.exp(float(_shift(one, other))), min(len(one), len(other))
    if fewest < fewest_pairs(together):
        return Estimate(middle, None, None, fewest)
    rng = np.random.default_rng(0)
    drawn = [
        values[rng.integers(len(values), size=(_RESAMPLES, len(values)))] for values in (one, other)
    ]
    shifts = [
        _shift(*(resampled[start : start + _BATCH] for resampled in drawn))
        for start in range(0, _RESAMPLES, _BATCH)
    ]
    outside = beyond(fewest, together)
    low, high = np.quantile(np.concatenate(shifts), [outside, 1 - outside])
    return Estimate(middle, math.exp(low), math.exp(high), fewest)


def _shift(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the shift along the last axis."""
    apart = second[..., :, np.newaxis] - first[..., np.newaxis, :]
    medians: NDArray[np.float64] = np.median(apart, axis=(-2, -1))
    return medians


def beyond(count: int, together: float = 1) -> float:
    """Return the share of resamples beyond each end of an interval of this many values."""
    from scipy import stats  # noqa: PLC0415 - takes a while to import

    t = stats.t.ppf(1 - (1 - LEVEL) / 2 / together, count - 1)
    return float(stats.norm.cdf(-math.sqrt(count / (count - 1)) * t))


def centre(values: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
    """Return Hodges and Lehmann's estimate along an axis."""
    values = np.moveaxis(values, axis, -1)
    i, j = np.triu_indices(values.shape[-1])
    medians: NDArray[np.float64] = np.median((values[..., i] + values[..., j]) / 2, axis=-1)
    return medians


def _interval(
    series: Sequence[NDArray[np.float64]],
    statistic: Callable[..., NDArray[np.float64]],
    middle: float,
    together: float,
) -> tuple[float, float] | tuple[None, None]:
    """Return the interval of a ``statistic`` of ``series``, float64[pairs] each."""
    count = len(series[0])
    if count < fewest_pairs(together):
        return None, None
    if not any(np.ptp(values) for values in series):  # as sizes can be
        return middle, middle
    from scipy import stats  # noqa: PLC0415 - takes a while to import

    # If the centre stays the same whichever value is left out, as with mostly equal sizes,
    # BCa's acceleration is 0 / 0: there is no skewness to correct for.
    without = [
        float(statistic(*(np.delete(values, index) for values in series))) for index in range(count)
    ]
    result = stats.bootstrap(
        tuple(series),
        statistic,
        n_resamples=_RESAMPLES,
        batch=_BATCH,
        vectorized=True,
        paired=len(series) > 1,
        confidence_level=1 - 2 * beyond(count, together),
        method="BCa" if np.ptp(without) else "percentile",
        rng=np.random.default_rng(0),  # so that the same trials always give the same
    ).confidence_interval
    return float(result.low), float(result.high)
