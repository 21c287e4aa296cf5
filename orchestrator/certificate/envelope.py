"""How the losses of two trials part, beside how rounding alone parts each from itself."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from orchestrator.certificate.gaps import LOSSES, ORDERED, Floats
from orchestrator.certificate.judge import Gaps
from orchestrator.certificate.rounding import Rule

TOGETHER = 0.001  # relative difference of two losses that a figure does not show


@dataclass(frozen=True, slots=True, eq=False)
class Envelope:
    """The largest relative difference of the losses up to each step, float64[steps] each.

    Of the losses in the order of samples too, where they are known. ``between`` the frameworks,
    and each framework's ``own`` from itself, with its values moved. ``ratio``: the largest of
    ``between`` over the smaller ``own``. ``precision``: of the rule that they are held against.
    """

    precision: str
    ratio: float
    between: Floats
    own: Mapping[str, Floats]

    def smaller(self) -> Floats:
        """The smaller of the own divergences at each step that both have."""
        steps = min(map(len, self.own.values()))
        least: Floats = np.min([curve[:steps] for curve in self.own.values()], axis=0)
        return least


def envelope(between: Gaps, own: Mapping[str, Gaps], rule: Rule) -> Envelope:
    """``own`` by framework: its trial against the same with its values moved."""
    apart = _losses(between)
    curves = {name: _losses(found) for name, found in own.items()}
    found = Envelope(rule.precision, 0.0, apart, curves)
    least = found.smaller()
    steps = min(len(apart), len(least))
    with np.errstate(invalid="ignore"):
        ratios = apart[:steps] / np.maximum(least[:steps], rule.least)
    ratio = float(np.nan_to_num(ratios, nan=np.inf).max()) if steps else np.inf
    return Envelope(rule.precision, ratio, apart, curves)


def together(curve: Floats) -> int:
    """Return for how many first steps a curve stays within what a figure shows."""
    apart = curve > TOGETHER
    return int(apart.argmax()) if apart.any() else len(curve)


def _losses(found: Gaps) -> Floats:
    values = found[LOSSES, None].values
    if (ORDERED, None) in found:  # samples in another order are no rounding
        values = np.maximum(values, found[ORDERED, None].values)
    running: Floats = np.maximum.accumulate(values)
    return running
