"""How the losses of two trials diverge, beside the effect of rounding alone on each of them."""

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

    It includes the losses in the order of samples, if known. ``between`` the frameworks, and of
    each framework's ``own`` perturbed trial. ``ratio``: the largest of ``between`` over the smaller
    ``own``. ``precision``: of the rule that they are compared with.
    """

    precision: str
    ratio: float
    between: Floats
    own: Mapping[str, Floats]

    def smaller(self) -> Floats:
        """Return the smaller of the own divergences at each step that both have."""
        steps = min(map(len, self.own.values()))
        least: Floats = np.min([curve[:steps] for curve in self.own.values()], axis=0)
        return least


def envelope(between: Gaps, own: Mapping[str, Gaps], rule: Rule) -> Envelope:
    """Build the envelope; ``own`` by framework: its trial compared with its perturbed one."""
    apart = _losses(between)
    curves = {name: _losses(gaps) for name, gaps in own.items()}
    least = Envelope(rule.precision, 0.0, apart, curves).smaller()
    steps = min(len(apart), len(least))
    with np.errstate(invalid="ignore"):
        ratios = apart[:steps] / np.maximum(least[:steps], rule.least)
    ratio = float(np.nan_to_num(ratios, nan=np.inf).max()) if steps else np.inf
    return Envelope(rule.precision, ratio, apart, curves)


def together(curve: Floats) -> int:
    """Return for how many first steps a curve stays below what a figure shows."""
    apart = curve > TOGETHER
    return int(apart.argmax()) if apart.any() else len(curve)


def _losses(found: Gaps) -> Floats:
    values = found[LOSSES, None].values
    if (ORDERED, None) in found:  # samples in another order are not rounding
        values = np.maximum(values, found[ORDERED, None].values)
    running: Floats = np.maximum.accumulate(values)
    return running
