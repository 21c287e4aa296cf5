"""How the losses of two trials diverge, beside the effect of rounding alone on each of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from orchestrator.certificate.gaps import LOSSES, ORDERED, Floats
from orchestrator.certificate.judge import Gaps, Standard

TOGETHER = 0.001  # relative difference of two losses that a figure does not show


@dataclass(frozen=True, slots=True, eq=False)
class Envelope:
    """The largest relative difference of the losses up to each step, float64[steps] each.

    It includes the losses in the order of samples, if known. ``between`` the frameworks, and of
    each framework's ``own`` perturbed trial. ``ratio``: the largest of ``between`` over the smaller
    ``own``. ``precision``: of the rule that they are compared with. ``switched``: rounding switches
    a unit of the model, so that the larger ``own`` counts; see `orchestrator.certificate.switched`.
    ``draws``: of the perturbed trials of each, of which the largest divergence counts.
    """

    precision: str
    ratio: float
    between: Floats
    own: Mapping[str, Floats]
    switched: bool = False
    draws: int = 1

    def counted(self) -> Floats:
        """Return the own divergence that counts at each step that both have: the smaller."""
        steps = min(map(len, self.own.values()))
        curves = np.stack([curve[:steps] for curve in self.own.values()])
        found: Floats = curves.max(axis=0) if self.switched else curves.min(axis=0)
        return found


def envelope(between: Gaps, own: Mapping[str, Gaps], by: Standard, draws: int) -> Envelope:
    """Build the envelope; ``own`` by framework: its trial compared with its perturbed ones."""
    apart = _losses(between)
    curves = {name: _losses(gaps) for name, gaps in own.items()}
    rule = by.rule
    least = Envelope(rule.precision, 0.0, apart, curves, by.switched).counted()
    steps = min(len(apart), len(least))
    with np.errstate(invalid="ignore"):
        ratios = apart[:steps] / np.maximum(least[:steps], rule.least)
    ratio = float(np.nan_to_num(ratios, nan=np.inf).max()) if steps else np.inf
    return Envelope(rule.precision, ratio, apart, curves, by.switched, draws)


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
