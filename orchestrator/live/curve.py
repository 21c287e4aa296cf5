"""A curve of at most a few hundred points, however long the run."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

MOST = 240  # buckets
_WANTED = 100  # for a run of known length, so that two of the same length have the same ones


@dataclass(frozen=True, slots=True)
class Bucket:
    """A summary of neighbouring steps: number of values, their sum, and the extremes.

    ``version`` is that of the last change, as passed to `extended`.
    """

    first: int  # its first step that has a value
    number: int
    total: float
    least: float
    greatest: float
    version: int

    @property
    def mean(self) -> float:
        return self.total / self.number


@dataclass(frozen=True, slots=True)
class Curve:
    """Values by step, thinned: a bucket for every ``width`` steps, and the exact last value.

    The buckets depend only on the values, not on the pieces in which they arrived. Values that are
    not finite are in no bucket.
    """

    buckets: tuple[Bucket, ...] = ()
    width: int = 1
    last: tuple[int, float] | None = None  # step, value


def tip(curve: Curve) -> float | None:
    """Return the mean at the end; over two buckets if the last is not half full, and noisy."""
    if not curve.buckets:
        return None
    last = curve.buckets[-1]
    if 2 * last.number < curve.width and len(curve.buckets) > 1:
        last = _joined(curve.buckets[-2], last)
    return last.mean


def for_steps(steps: int) -> Curve:
    """Return an empty curve for a run of this many steps."""
    return Curve(width=max(1, math.ceil(steps / _WANTED)))


def extended(curve: Curve, first_step: int, values: Iterable[float], version: int) -> Curve:
    """Return the curve with the values of the steps from ``first_step``, which follow its own."""
    buckets, width, last = list(curve.buckets), curve.width, curve.last
    for step, value in enumerate(values, start=first_step):
        last = (step, value)
        if not math.isfinite(value):
            continue
        one = Bucket(step, 1, value, value, value, version)
        if buckets and buckets[-1].first // width == step // width:
            buckets[-1] = _joined(buckets[-1], one)
        else:
            buckets.append(one)
        while len(buckets) > MOST:
            width *= 2
            buckets = _wider(buckets, width, version)
    return Curve(tuple(buckets), width, last)


def _wider(buckets: list[Bucket], width: int, version: int) -> list[Bucket]:
    merged: list[Bucket] = []
    for bucket in buckets:
        if merged and merged[-1].first // width == bucket.first // width:
            merged[-1] = _joined(merged[-1], bucket, version)
        else:
            merged.append(bucket)
    return merged


def _joined(a: Bucket, b: Bucket, version: int | None = None) -> Bucket:
    return Bucket(
        a.first,
        a.number + b.number,
        a.total + b.total,
        min(a.least, b.least),
        max(a.greatest, b.greatest),
        b.version if version is None else version,
    )
