"""Whether the timed trials did the same arithmetic, by the losses that they reported.

They are judged as they ran, in their own precision, execution and device, so that what is certified
is what is timed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from orchestrator.certificate.envelope import Envelope
from orchestrator.certificate.gaps import Floats
from orchestrator.certificate.rounding import FLOAT32, FLOAT64, largest_jump, rule_of
from orchestrator.certificate.takes import TIMED_STEPS
from orchestrator.certificate.timed.epochs import by_epoch
from orchestrator.certificate.timed.switched import is_switched
from orchestrator.certificate.tolerance import tolerance
from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.language.words import label, listed
from orchestrator.trials.relative import of_losses
from orchestrator.trials.trial import Trial

# Once two trials are this far apart, chance decides in each what a rounding leads to.
_PARTED = 0.02
# Below that, no rounding grows by more from one step to the next.
_GROWTH = 200.0
# In float64, the steps that a short certificate begins with.
_EXACT_STEPS = 24

_NOT_SAME = Phrase("The timed trials were not the same job: in pair {number} {reason}.")
_STEPS = Phrase("{first} took {steps:,} steps and {second} {other_steps:,}")
_STOPPED = Phrase(
    "training ended after {epochs} epochs of {first} and after {other_epochs} of {second}, each by "
    "the rule of early stopping and its own values of the metric"
)
_FIRST = Phrase(
    "the losses differ by {largest:.0e} at step 0, while rounding explains {allowed:.0e}"
)
_FASTER = Phrase(
    "the losses differ by {largest:.0e} at step {step:,}, while rounding explains {allowed:.0e}"
)
_JUMP = Phrase(
    "the losses diverge suddenly, from {before:.0e} to {after:.0e} at step {step:,}, "
    "faster than rounding grows"
)
_SWITCHED = Phrase(
    "In pair {numbers} the losses diverge at a step where rounding switches a unit of the model: "
    "one side agrees with the other once that one's initial values are moved by one rounding."
)
_FINITE = Phrase("the losses of one side are not finite from step {step:,} on")


@dataclass(frozen=True, slots=True)
class Timed:
    """``same``: whether every pair did; ``pairs``: how many were judged.

    ``by_rounding``: they diverge, but no faster than rounding makes a framework diverge from
    itself. ``sentence``: why they are not the same, or in which pairs rounding switches a unit.
    """

    same: bool
    pairs: int
    by_rounding: bool
    sentence: Sentence | None


def judge_timed(
    first: Sequence[Trial],
    second: Sequence[Trial],
    held: Envelope | None,
    exact: Envelope | None = None,
    again: Sequence[Trial] = (),
) -> Timed | None:
    """Judge successful trials with the same numbers; None if there are none.

    ``held``: the effect of rounding in the precision in which they were timed; ``exact``: in
    float64, for a job that is timed in it. None: not known; then only differences that no rounding
    makes are found. ``again``: what was run again of pairs that are `in_doubt`.
    """
    pairs = _pairs(first, second)
    if not pairs:
        return None
    apart, switched = False, list[int]()
    for one, other in pairs:
        by = _By(one, held, exact)
        unit = is_switched(one, other, again, by.agree, by.repeat)
        for reason in _against(one, other, by, switched=unit):
            return Timed(
                False, len(pairs), False, english(_NOT_SAME, number=one.number, reason=reason)
            )
        apart = apart or bool(_gap(one, other).any())
        switched += [one.number] if unit else []
    if not switched:
        return Timed(True, len(pairs), apart, None)
    numbers = listed([str(number) for number in switched])
    return Timed(True, len(pairs), apart, english(_SWITCHED, numbers=numbers))


def in_doubt(
    first: Sequence[Trial],
    second: Sequence[Trial],
    held: Envelope | None,
    exact: Envelope | None,
    again: Sequence[Trial],
) -> list[int]:
    """Return the numbers of pairs that part at a step after the first, where rounding might do so.

    Arguments as in `judge_timed`. What ``again`` has settled is not among them.
    """
    doubted = []
    for one, other in _pairs(first, second):
        by, gap = _By(one, held, exact), _gap(one, other)
        if not len(gap) or len(one.losses) != len(other.losses) or not np.isfinite(gap).all():
            continue
        if gap[0] > by.outright or not any(by.steps(gap)):
            continue
        if not is_switched(one, other, again, by.agree, by.repeat):
            doubted.append(one.number)
    return doubted


def _pairs(first: Sequence[Trial], second: Sequence[Trial]) -> list[tuple[Trial, Trial]]:
    return [(a, b) for a in first for b in second if a.number == b.number]


def lengths(first: Trial, second: Trial) -> Sentence:
    """Say that two trials took different numbers of steps, and whether each decided so itself."""
    names = {"first": label(first.framework), "second": label(second.framework)}
    if first.stopped or second.stopped:
        epochs = {"epochs": len(first.epochs), "other_epochs": len(second.epochs)}
        return english(_STOPPED, **names, **epochs)
    steps = {"steps": len(first.losses), "other_steps": len(second.losses)}
    return english(_STEPS, **names, **steps)


def _gap(one: Trial, other: Trial) -> Floats:
    """Return relative differences of the losses, up to where both end."""
    steps = min(len(one.losses), len(other.losses))
    return of_losses(one.losses[:steps], other.losses[:steps])


class _By:
    """What the steps of a pair are judged by."""

    def __init__(self, one: Trial, held: Envelope | None, exact: Envelope | None) -> None:
        self.rule = rule_of(one.spec) if one.spec else FLOAT32
        is_exact = self.rule is FLOAT64
        self._held = exact if is_exact else held
        self.outright = self.rule.first or self.rule.least
        if is_exact and one.spec:
            self.outright = tolerance(one.spec).losses

    def steps(self, gap: Floats) -> Iterator[Sentence]:
        """Yield evidence in the steps' losses that two trials did not do the same."""
        if not len(gap):
            return
        rule, outright = self.rule, self.outright
        if gap[0] > outright:
            yield english(_FIRST, largest=float(gap[0]), allowed=outright)
            return
        own = self._held.counted() if self._held is not None else np.zeros(0)
        if self._held is None and rule is FLOAT64:  # the certificate was exact: so are these
            own = np.zeros(_EXACT_STEPS)
        judged = min(len(own), len(gap))
        allowed = np.maximum(rule.bound(own[:judged]), outright)
        beyond = gap[:judged] > allowed
        if beyond.any():
            step = int(beyond.argmax())
            largest, most = float(gap[step]), float(allowed[step])
            yield english(_FASTER, largest=largest, step=step, allowed=most)
            return
        running = np.maximum(np.maximum.accumulate(gap), outright)
        parted = running > _PARTED
        alike = running[: int(parted.argmax()) + 1] if parted[-1] else running
        times, step = largest_jump(alike, outright)
        if times > _GROWTH:
            before, after = float(alike[step - 1]), float(alike[step])
            yield english(_JUMP, before=before, after=after, step=step)

    def agree(self, one: Trial, other: Trial) -> bool:
        """Return whether nothing speaks against two trials, of which one has its first steps."""
        gap = _gap(one, other)[: TIMED_STEPS - 1]
        return bool(len(gap)) and bool(np.isfinite(gap).all()) and not any(self.steps(gap))

    def repeat(self, one: Trial, again: Trial) -> bool:
        """Return whether a trial does the same as when it was run before."""
        gap = _gap(one, again)[: TIMED_STEPS - 1]
        return bool(len(gap)) and bool((gap <= self.outright).all())


def _against(one: Trial, other: Trial, by: _By, *, switched: bool) -> Iterator[Sentence]:
    """Yield evidence that they did not do the same; nothing if there is none."""
    if len(one.losses) != len(other.losses):
        yield lengths(one, other)
        return
    gap = _gap(one, other)
    infinite = ~np.isfinite(gap)
    if infinite.any():
        gap = gap[: int(infinite.argmax())]
    if not switched:
        yield from by.steps(gap)
    if infinite.any():
        # A job that diverges does so on both sides, at a step that rounding may move.
        ends = [int((~np.isfinite(t.losses)).argmax()) for t in (one, other)]
        all_end = all((~np.isfinite(trial.losses)).any() for trial in (one, other))
        if not all_end or (by.rule is FLOAT64 and ends[0] != ends[1]):
            yield english(_FINITE, step=int(infinite.argmax()))
        return
    yield from by_epoch(one, other)


def not_finite(trials: Mapping[str, Sequence[Trial]]) -> dict[str, int]:
    """Return the first step at which a side's losses are not finite, by side."""
    first_steps: dict[str, int] = {}
    for side, group in trials.items():
        steps = [
            int((~np.isfinite(trial.losses)).argmax())
            for trial in group
            if len(trial.losses) and not np.isfinite(trial.losses).all()
        ]
        if steps:
            first_steps[side] = min(steps)
    return first_steps
