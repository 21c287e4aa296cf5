"""Whether the timed trials did the same arithmetic, by the losses that they reported.

They are judged as they ran, in their own precision, execution and device, so that what is certified
is what is timed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from twinrun.contract.enums import TargetKind
from twinrun.contract.events import EpochFinished, Metrics
from twinrun.contract.losses import targets

from orchestrator.certificate.envelope import Envelope
from orchestrator.certificate.gaps import Floats
from orchestrator.certificate.rounding import FLOAT32, FLOAT64, Rule, largest_jump, rule_of
from orchestrator.certificate.tolerance import tolerance
from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.language.words import label, percent
from orchestrator.trials.metrics import BY_NAME
from orchestrator.trials.relative import of_losses
from orchestrator.trials.trial import Trial

# Once two trials are this far apart, chance decides in each what a rounding leads to.
_PARTED = 0.02
# Below that, no rounding grows by more from one step to the next.
_GROWTH = 200.0
# In float64, the steps that a short certificate begins with.
_EXACT_STEPS = 24
# Then only means remain: an epoch's loss agrees to this fraction of it, or to this many nats.
_MEAN, _NATS = 0.3, 0.05
# An evaluation's accuracy: to this much, plus the chance variation of that number of samples.
_POINTS, _DEVIATIONS = 0.05, 6.0
# A metric of a rare class, or of ranks, has the chance variation of fewer samples.
_RARE = 10

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
_FINITE = Phrase("the losses of one side are not finite from step {step:,} on")
_LOSS = Phrase("the {what} of epoch {epoch} are {one:.3g} and {other:.3g}")
_ACCURACY = Phrase("the {what} of epoch {epoch} are {one} and {other}")
_TRAINING = Phrase("mean training losses")
_TEST, _TEST_ACCURACY = Phrase("test losses"), Phrase("test accuracies")
_VALIDATION = Phrase("validation losses")
_TEST_METRIC = Phrase("values of test {metric}")
_VALIDATION_METRIC = Phrase("values of validation {metric}")
_MISSING = Phrase("only one side has {what} of epoch {epoch}")
_VALIDATION_ACCURACY = Phrase("validation accuracies")


@dataclass(frozen=True, slots=True)
class Timed:
    """``same``: whether every pair did; ``pairs``: how many were judged.

    ``by_rounding``: they diverge, but no faster than rounding makes a framework diverge from
    itself.
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
) -> Timed | None:
    """Judge successful trials with the same numbers; None if there are none.

    ``held``: the effect of rounding in the precision in which they were timed; ``exact``: in
    float64, for a job that is timed in it. None: not known; then only differences that no rounding
    makes are found.
    """
    pairs = [(a, b) for a in first for b in second if a.number == b.number]
    if not pairs:
        return None
    apart = False
    for one, other in pairs:
        rule = rule_of(one.spec) if one.spec else FLOAT32
        for reason in _against(one, other, rule, exact if rule is FLOAT64 else held):
            sentence = english(_NOT_SAME, number=one.number, reason=reason)
            return Timed(False, len(pairs), False, sentence)
        apart = apart or bool(_gap(one, other).any())
    return Timed(True, len(pairs), apart, None)


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


def _against(one: Trial, other: Trial, rule: Rule, held: Envelope | None) -> Iterator[Sentence]:
    """Yield evidence that they did not do the same; nothing if there is none."""
    if len(one.losses) != len(other.losses):
        yield lengths(one, other)
        return
    gap = _gap(one, other)
    infinite = ~np.isfinite(gap)
    if infinite.any():
        gap = gap[: int(infinite.argmax())]
    yield from _by_step(gap, one, rule, held)
    if infinite.any():
        # A job that diverges does so on both sides, at a step that rounding may move.
        ends = [int((~np.isfinite(t.losses)).argmax()) for t in (one, other)]
        all_end = all((~np.isfinite(trial.losses)).any() for trial in (one, other))
        if not all_end or (rule is FLOAT64 and ends[0] != ends[1]):
            yield english(_FINITE, step=int(infinite.argmax()))
        return
    yield from _by_epoch(one, other)


def _by_step(gap: Floats, trial: Trial, rule: Rule, held: Envelope | None) -> Iterator[Sentence]:
    if not len(gap):
        return
    outright = rule.first or rule.least
    if rule is FLOAT64 and trial.spec:
        outright = tolerance(trial.spec).losses
    if gap[0] > outright:
        yield english(_FIRST, largest=float(gap[0]), allowed=outright)
        return
    own = held.counted() if held is not None else np.zeros(0)
    if held is None and rule is FLOAT64:  # the certificate was exact: so are as many steps here
        own = np.zeros(_EXACT_STEPS)
    judged = min(len(own), len(gap))
    allowed = np.maximum(rule.bound(own[:judged]), outright)
    beyond = gap[:judged] > allowed
    if beyond.any():
        step = int(beyond.argmax())
        yield english(_FASTER, largest=float(gap[step]), step=step, allowed=float(allowed[step]))
        return
    running = np.maximum(np.maximum.accumulate(gap), outright)
    alike = running[: int((running > _PARTED).argmax()) + 1] if running[-1] > _PARTED else running
    times, step = largest_jump(alike, outright)
    if times > _GROWTH:
        yield english(_JUMP, before=float(alike[step - 1]), after=float(alike[step]), step=step)


def _by_epoch(one: Trial, other: Trial) -> Iterator[Sentence]:
    """Judge by means over epochs, where single steps are chance."""
    samples = one.inputs.test_samples if one.inputs else 1
    held_back = one.inputs.validation_samples if one.inputs else 0
    least = _least(one)
    for a, b in zip(one.epochs, other.epochs, strict=False):
        for what, name in (
            (_TRAINING, "train_loss"),
            (_TEST, "test_loss"),
            (_VALIDATION, "validation_loss"),
        ):
            yield from _of_losses(what, name, a, b, least)
        for what, name, count in (
            (_TEST_ACCURACY, "test_accuracy", samples),
            (_VALIDATION_ACCURACY, "validation_accuracy", held_back),
        ):
            yield from _of_accuracies(what, name, a, b, count)
        for what, pair, count in (
            (_TEST_METRIC, (a.test, b.test), samples),
            (_VALIDATION_METRIC, (a.validation, b.validation), held_back),
        ):
            yield from _of_others(what, *pair, a.epoch, count)


def _least(trial: Trial) -> float:
    """Return the difference of two losses that is chance whatever they are.

    A loss of numbers has the unit of its targets: its scale is the first step's.
    """
    if trial.spec is None or targets(trial.spec.loss) is not TargetKind.NUMBERS:
        return _NATS
    return _NATS * float(trial.losses[0]) if len(trial.losses) else 0.0


def _of_losses(
    what: Phrase, name: str, a: EpochFinished, b: EpochFinished, least: float
) -> Iterator[Sentence]:
    x, y = getattr(a, name), getattr(b, name)
    if x is None or y is None or not (np.isfinite(x) and np.isfinite(y)):
        return
    if abs(x - y) > max(_MEAN * max(abs(x), abs(y)), least):
        yield english(_LOSS, what=english(what), epoch=a.epoch + 1, one=x, other=y)


def _of_accuracies(
    what: Phrase, name: str, a: EpochFinished, b: EpochFinished, samples: int
) -> Iterator[Sentence]:
    x, y = getattr(a, name), getattr(b, name)
    if x is None or y is None:
        if x is not y:
            yield english(_MISSING, what=english(what), epoch=a.epoch + 1)
        return
    if abs(x - y) > _chance(x, y, samples):
        yield english(
            _ACCURACY, what=english(what), epoch=a.epoch + 1, one=percent(x), other=percent(y)
        )


def _chance(x: float, y: float, samples: int) -> float:
    """Return how far two shares of so many samples may be apart."""
    middle = min(max((x + y) / 2, 1 / max(samples, 1)), 1 - 1 / max(samples, 1))
    deviation = float(np.sqrt(2 * max(middle * (1 - middle), 0.0) / max(samples, 1)))
    return _POINTS + _DEVIATIONS * deviation


def _of_others(
    what: Phrase, a: Metrics | None, b: Metrics | None, epoch: int, samples: int
) -> Iterator[Sentence]:
    """Judge the task's further metrics, each by the other side's."""
    one, other = (each.others if each else {} for each in (a, b))
    for name in dict.fromkeys([*one, *other]):
        metric = BY_NAME.get(name)
        word: str = metric.word if metric else name
        if name not in one or name not in other:
            yield english(_MISSING, what=english(what, metric=word), epoch=epoch + 1)
            continue
        x, y = one[name], other[name]
        if not (np.isfinite(x) and np.isfinite(y)):
            continue  # as are the losses, which are judged by themselves
        if abs(x - y) > _allowed(name, one, other, samples):
            yield english(_LOSS, what=english(what, metric=word), epoch=epoch + 1, one=x, other=y)


def _allowed(
    name: str, one: Mapping[str, float], other: Mapping[str, float], samples: int
) -> float:
    x, y = one[name], other[name]
    if name == "r2":  # 1 - R2 is the mean squared error in units of the targets' variance
        return max(_MEAN * (1 - min(x, y)), _POINTS)
    if name in ("rmse", "mae"):
        missed = 1 - one.get("r2", 1.0)
        spread = one.get("rmse", 0.0) / np.sqrt(missed) if missed > 0 else 0.0
        return max(_MEAN * max(x, y), _POINTS * float(spread))
    return _chance(x, y, max(1, samples // _RARE))


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
