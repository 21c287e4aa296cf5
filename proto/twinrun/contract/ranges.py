"""Checks of numbers that must lie in a range; NaN and infinities lie in none."""

import math
from collections.abc import Iterator

from twinrun.contract.violation import Violation


def between(field: str, value: float, low: float, high: float) -> Iterator[Violation]:
    """Yield a violation unless ``low <= value <= high``, which NaN and infinities never satisfy."""
    if not (math.isfinite(value) and low <= value <= high):
        yield Violation(field, f"is {value}; it must be from {low} to {high}")


def above_zero(field: str, value: float, high: float) -> Iterator[Violation]:
    """Yield a violation unless ``0 < value <= high``."""
    if not (math.isfinite(value) and 0 < value <= high):
        yield Violation(field, f"is {value}; it must be above 0 and at most {high}")


def fraction(field: str, value: float) -> Iterator[Violation]:
    """Yield a violation unless ``0 <= value < 1``."""
    if not (math.isfinite(value) and 0 <= value < 1):
        yield Violation(field, f"is {value}; it must be from 0 to below 1")
