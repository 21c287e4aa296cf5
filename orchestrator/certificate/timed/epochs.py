"""Whether two timed trials end alike: by means over epochs, where single steps are chance."""

from collections.abc import Iterator, Mapping

import numpy as np
from twinrun.contract.enums import TargetKind
from twinrun.contract.events import EpochFinished, Metrics
from twinrun.contract.losses import targets

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.language.words import percent
from orchestrator.trials.metrics import BY_NAME
from orchestrator.trials.trial import Trial

# An epoch's loss agrees to this fraction of it, or to this many nats.
_MEAN, _NATS = 0.3, 0.05
# An evaluation's accuracy: to this much, plus the chance variation of that number of samples.
_POINTS, _DEVIATIONS = 0.05, 6.0
# A metric of a rare class, or of ranks, has the chance variation of fewer samples.
_RARE = 10

_LOSS = Phrase("the {what} of epoch {epoch} are {one:.3g} and {other:.3g}")
_ACCURACY = Phrase("the {what} of epoch {epoch} are {one} and {other}")
_TRAINING = Phrase("mean training losses")
_TEST, _TEST_ACCURACY = Phrase("test losses"), Phrase("test accuracies")
_VALIDATION = Phrase("validation losses")
_TEST_METRIC = Phrase("values of test {metric}")
_VALIDATION_METRIC = Phrase("values of validation {metric}")
_MISSING = Phrase("only one side has {what} of epoch {epoch}")
_VALIDATION_ACCURACY = Phrase("validation accuracies")


def by_epoch(one: Trial, other: Trial) -> Iterator[Sentence]:
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
