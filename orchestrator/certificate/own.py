"""How far each side diverges from itself: perturbed, and repeated."""

from collections.abc import Sequence

import numpy as np

from orchestrator.certificate.evidence import Evidence
from orchestrator.certificate.gaps import Floats, Gap, gaps
from orchestrator.certificate.judge import Gaps
from orchestrator.certificate.rounding import Key


def by_key(a: Evidence, b: Evidence) -> dict[Key, Gap]:
    """Return the gaps of two trials, by their keys."""
    return {gap.key: gap for gap in gaps(a, b)}


def perturbed(plain: Sequence[Evidence], moved: Sequence[Sequence[Evidence]]) -> dict[str, Gaps]:
    """Return what rounding did to each side, by framework: the largest of its draws.

    ``moved``: the trials of each side's draws; a side without any is left out.
    """
    return {
        own.trial.framework: _largest([by_key(own, draw) for draw in draws])
        for own, draws in zip(plain, moved, strict=True)
        if draws
    }


def repeated(plain: Sequence[Evidence], again: Sequence[Evidence | None]) -> dict[str, Gaps]:
    """Return how far each side diverges from its repetition, by framework, where there is one."""
    return {
        own.trial.framework: by_key(own, other)
        for own, other in zip(plain, again, strict=True)
        if other is not None
    }


def _largest(found: Sequence[Gaps]) -> Gaps:
    """Return the largest of each value that all have."""
    first = found[0]
    return {
        key: Gap(gap.quantity, _highest([each[key].values for each in found]), gap.tensor)
        for key, gap in first.items()
        if all(key in each for each in found)
    }


def _highest(curves: Sequence[Floats]) -> Floats:
    steps = min(map(len, curves))
    highest: Floats = np.max([curve[:steps] for curve in curves], axis=0)
    return highest
