"""How far rounding alone takes a framework from itself, and whether another stays within that.

A framework is run again with one initial value moved by one unit in its last place. Another
framework rounds everything otherwise, so that some times as much is allowed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from orchestrator.language import Phrase, Sentence, english, join, stored
from orchestrator.relative import differences
from orchestrator.trial import Trial
from orchestrator.words import COMMA, NEXT, label, number

Floats = NDArray[np.float64]

TOGETHER = 0.001
_WITHIN = Phrase(
    "In {precision} {first} and {second} part as rounding alone parts a framework from itself: "
    "over {judged} steps by up to {ratio} times as much ({allowed:g} are allowed)."
)
_BEYOND = Phrase(
    "In {precision} {first} and {second} part faster than rounding explains: over {judged} steps "
    "by up to {ratio} times as much as a framework from itself, where {allowed:g} are allowed."
)
_TOGETHER = Phrase("Within {share} of each other stay: {pairs}.")
_PAIR = Phrase("{first} and {second} for {steps:,} of {all:,} steps")
_ALL = Phrase("all {steps:,}")
_FIRST = Phrase("the first {steps:,}")
_OWN = Phrase("{framework} and itself for {steps:,}")


@dataclass(frozen=True, slots=True)
class Rule:
    """What is held against what, in a precision.

    ``judged_steps``: only the first ones; None: all. ``allowed``: times the framework's own
    divergence. ``least``: a divergence that is smaller tells nothing.
    """

    precision: str
    judged_steps: int | None
    allowed: float
    least: float


# In float32 a unit of the model that is close to a threshold soon switches in one trial and not in
# the other, by chance, which parts even a framework from itself: later steps are not judged.
FLOAT32 = Rule("float32", 100, 10.0, 2.0**-23)
# In float64 that is all but impossible, but some jobs enlarge every rounding from step to step.
FLOAT64 = Rule("float64", None, 100.0, 2.0**-52)


@dataclass(frozen=True, slots=True, eq=False)
class Envelope:
    """How trials part: the largest relative difference of the losses up to each step.

    Of the losses in the order of samples too, where they are known. float64[steps] each,
    ``between`` the frameworks, and each framework's ``own`` from itself.
    ``ratio``: the largest of ``between`` over the larger ``own``, within the judged steps.
    """

    within: bool
    ratio: float
    between: Floats
    own: Mapping[str, Floats]
    sentence: Sentence

    def as_dict(self) -> dict[str, Any]:
        return {
            "within": self.within,
            "ratio": self.ratio,
            "between": self.between.tolist(),
            "own": {name: curve.tolist() for name, curve in self.own.items()},
            "sentence": self.sentence,
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Self:
        """As `as_dict` left it; null is what was not finite."""

        def curve(numbers: list[float | None]) -> Floats:
            return np.array([np.inf if n is None else n for n in numbers])

        ratio = np.inf if found["ratio"] is None else found["ratio"]
        between = curve(found["between"])
        own = {name: curve(numbers) for name, numbers in found["own"].items()}
        told = (_sentence(between, own, ratio, rule) for rule in (FLOAT32, FLOAT64))
        sentence = stored(found["sentence"], *told)
        return cls(found["within"], ratio, between, own, sentence)


def envelope(first: Trial, second: Trial, perturbed: Mapping[str, Trial], rule: Rule) -> Envelope:
    """``perturbed``: by framework, the same trial with one initial value moved."""
    plain = {trial.framework: trial for trial in (first, second)}
    between = _running(first, second)
    own = {name: _running(trial, perturbed[name]) for name, trial in plain.items()}
    steps = min(map(len, (between, *own.values())))
    judged = min(steps, rule.judged_steps or steps)
    largest_own = np.max([curve[:judged] for curve in own.values()], axis=0)
    with np.errstate(invalid="ignore"):  # where both have no number, nothing was shown
        ratios = between[:judged] / np.maximum(largest_own, rule.least)
    ratio = float(np.nan_to_num(ratios, nan=np.inf).max())
    within = ratio <= rule.allowed
    return Envelope(within, ratio, between, own, _sentence(between, own, ratio, rule))


def _sentence(between: Floats, own: Mapping[str, Floats], ratio: float, rule: Rule) -> Sentence:
    steps = min(map(len, (between, *own.values())))
    judged = min(steps, rule.judged_steps or steps)
    first, second = map(label, own)
    names = {"first": first, "second": second}
    pairs = [english(_PAIR, **names, steps=_together(between), all=steps)]
    pairs += [english(_OWN, framework=label(n), steps=_together(c)) for n, c in own.items()]
    sentence = english(
        _WITHIN if ratio <= rule.allowed else _BEYOND,
        **names,
        precision=rule.precision,
        judged=english(_ALL if judged == steps else _FIRST, steps=judged),
        ratio=number(ratio),
        allowed=rule.allowed,
    )
    together = english(_TOGETHER, share=f"{100 * TOGETHER:g} %", pairs=join(COMMA, pairs))
    return join(NEXT, [sentence, together])


def _running(a: Trial, b: Trial) -> Floats:
    steps = min(len(a.losses), len(b.losses))
    found = differences(a.losses[:steps], b.losses[:steps])
    if a.details and b.details:  # samples in another order are no rounding
        ordered = a.details.ordered_losses[:steps], b.details.ordered_losses[:steps]
        found = np.maximum(found, differences(*ordered))
    running: Floats = np.maximum.accumulate(found)
    return running


def _together(curve: Floats) -> int:
    apart = curve > TOGETHER
    return int(apart.argmax()) if apart.any() else len(curve)
