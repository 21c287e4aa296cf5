"""Whether rounding switches a unit of the model, so that chance decides which way a trial goes.

A unit that stands as close to a threshold as rounding can move it, such as a rectified one near
zero, switches in one trial and not in the other. From that step on, two honest trials differ as two
perturbed ones of one framework do: at once, and by far more than rounding had grown to. One
perturbed trial of each side often misses it.

The proof that it is rounding: one framework's trial agrees, as strictly as ever, with a perturbed
one of the other's, and each framework's trial repeats. What a trainer does wrong, it does in its
perturbed trials too, and what it does by chance, not in its repetition.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from orchestrator.certificate import own, text
from orchestrator.certificate.distrust import distrust, jumps
from orchestrator.certificate.evidence import Evidence
from orchestrator.certificate.gaps import INITIAL
from orchestrator.certificate.judge import Gaps, Standard, judge
from orchestrator.language.phrases import Sentence


def is_switched(
    plain: Sequence[Evidence], moved: Sequence[Sequence[Evidence]], by: Standard
) -> bool:
    """Return whether the two ``plain`` trials differ, but one agrees with the other's ``moved``.

    ``moved``: each side's draws of perturbed initial values, which are not compared; one that
    agrees is enough. Sides in the same order.
    """
    alone = own.perturbed(plain, moved)
    if len(alone) < 2 or not beyond_rounding(own.by_key(*plain), alone, by):
        return False
    (first, second), (firsts, seconds) = plain, moved
    for pair in [*((first, draw) for draw in seconds), *((draw, second) for draw in firsts)]:
        between = {k: gap for k, gap in own.by_key(*pair).items() if gap.quantity != INITIAL}
        if not beyond_rounding(between, alone, by):
            return True
    return False


def beyond_rounding(
    between: Gaps,
    alone: Mapping[str, Gaps],
    by: Standard,
    repeated: Mapping[str, Gaps] | None = None,
) -> list[Sentence]:
    """Return reasons why rounding does not explain a difference; ``alone``: what it does to each.

    ``repeated``: None: a perturbed trial is a repetition too, which diverges by rounding at first.
    """
    again = {name: {} for name in alone} if repeated is None else repeated
    doubts = [*distrust(between, alone, again, by), *jumps(between, alone, by)]
    return doubts or list(text.beyond(judge(between, list(alone.values()), by)))


def is_short(
    between: Gaps, alone: Mapping[str, Gaps], repeated: Mapping[str, Gaps], by: Standard
) -> bool:
    """Return whether two trials only differ by more than what rounding is known to do.

    More draws of perturbed initial values may then show that it does more.
    """
    if len(alone) < 2 or any(distrust(between, alone, repeated, by)):
        return False
    beyond = [found for found in judge(between, list(alone.values()), by) if not found.within]
    return all(found.own is not None and np.isfinite(found.largest) for found in beyond)
