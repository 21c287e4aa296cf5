"""The learning rates of job.proto's schedules, in float64, once for all frameworks. NumPy only."""

from typing import assert_never

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.optimizers import Optimizer
from twinrun.contract.schedules import (
    ConstantRate,
    Cosine,
    CosineRestarts,
    Exponential,
    OneCycle,
    Polynomial,
    Schedule,
    Step,
)

Steps = NDArray[np.int64]
Factors = NDArray[np.float64]


def learning_rates(optimizer: Optimizer, first: int, steps: int) -> Factors:
    """Return the rate of each of the ``steps`` that follow ``first`` steps, float64[steps]."""
    taken = np.arange(first, first + steps, dtype=np.int64)
    if optimizer.schedule is None:
        return np.full(steps, optimizer.learning_rate)
    return optimizer.learning_rate * _factors(optimizer.schedule, taken)


def _factors(schedule: Schedule, steps: Steps) -> Factors:
    """Return what the rate of each of ``steps``, from 0, is multiplied by."""
    if schedule.shown_steps:
        steps = np.array(schedule.shown_steps, np.int64)[steps % len(schedule.shown_steps)]
    warm = schedule.warmup_steps
    later = _after_warmup(schedule, np.maximum(steps - warm, 0))
    return np.where(steps < warm, (steps + 1) / max(warm, 1), later)


def _after_warmup(schedule: Schedule, steps: Steps) -> Factors:
    match schedule.kind:
        case ConstantRate():
            return np.ones(len(steps))
        case Cosine(length, end):
            return _cosine(np.minimum(steps / length, 1), 1.0, end)
        case Step(boundaries, every, factor):
            stairs = (
                np.searchsorted(boundaries, steps, "right") if every is None else steps // every
            )
            return np.float64(factor) ** stairs
        case Exponential(length, factor):
            return np.float64(factor) ** (steps / length)
        case Polynomial(length, power, end):
            return end + (1 - end) * (1 - np.minimum(steps / length, 1)) ** power
        case OneCycle(length, rising, start, end):
            peak = rising * length
            up = _cosine(np.minimum(steps / max(peak, 1), 1), start, 1.0)
            down = np.clip((steps - peak) / (length - peak), 0, 1)
            return np.where(steps < peak, up, _cosine(down, 1.0, end))
        case CosineRestarts():
            return _restarted(schedule.kind, steps)
        case _:
            assert_never(schedule.kind)


def _cosine(part: Factors, start: float | Factors, end: float) -> Factors:
    """Return the way from ``start`` to ``end``, half a cosine, at each ``part`` of it, 0 to 1."""
    return end + (start - end) * (1 + np.cos(np.pi * part)) / 2


def _restarted(kind: CosineRestarts, steps: Steps) -> Factors:
    """Return the cosine of the cycle that each step is in."""
    if kind.multiplier == 1:
        cycle = steps // kind.steps
        within, length = steps % kind.steps, np.full_like(steps, kind.steps)
    else:
        starts = [0]
        while starts[-1] <= steps.max(initial=0):
            starts.append(starts[-1] * kind.multiplier + kind.steps)
        cycle = np.searchsorted(starts, steps, "right") - 1
        within = steps - np.array(starts, np.int64)[cycle]
        length = kind.steps * np.int64(kind.multiplier) ** cycle
    peak = np.float64(kind.shrink) ** cycle
    found: Factors = _cosine(within / length, peak, kind.end_factor)
    return found
