"""Whether rounding switches a unit of the model, so that chance decides which way a trial goes.

A unit that stands as close to a threshold as rounding can move it, such as a rectified one near
zero, switches in one trial and not in the other. From that step on, two honest trials differ as two
perturbed ones of one framework do: at once, and by far more than rounding had grown to. One
perturbed trial of each side often misses it.

The proof that it is rounding: one framework's trial agrees, as strictly as ever, with the other's
perturbed one. What a trainer does wrong, it does in its perturbed trial too.
"""

from collections.abc import Mapping, Sequence

from orchestrator.certificate import text
from orchestrator.certificate.distrust import distrust
from orchestrator.certificate.evidence import Evidence
from orchestrator.certificate.gaps import INITIAL, gaps
from orchestrator.certificate.judge import Gaps, Standard, judge
from orchestrator.language.phrases import Sentence


def is_switched(plain: Sequence[Evidence], moved: Sequence[Evidence], by: Standard) -> bool:
    """Return whether the two ``plain`` trials differ, but one agrees with the other's ``moved``.

    ``moved``: with perturbed initial values, which are not compared. Sides in the same order.
    """
    own = {a.trial.framework: _gaps(a, b) for a, b in zip(plain, moved, strict=True)}
    if not beyond_rounding(_gaps(*plain), own, by):
        return False
    crossed = [(plain[0], moved[1]), (moved[0], plain[1])]
    between = [
        {key: gap for key, gap in _gaps(*pair).items() if gap.quantity != INITIAL}
        for pair in crossed
    ]
    return not all(beyond_rounding(found, own, by) for found in between)


def beyond_rounding(between: Gaps, own: Mapping[str, Gaps], by: Standard) -> list[Sentence]:
    """Return reasons why rounding does not explain a difference; the perturbed trials show it."""
    # A perturbed trial is a repetition too, which diverges by rounding at first.
    doubts = list(distrust(between, own, {name: {} for name in own}, by))
    return doubts or list(text.beyond(judge(between, list(own.values()), by)))


def _gaps(a: Evidence, b: Evidence) -> Gaps:
    return {gap.key: gap for gap in gaps(a, b)}
