"""Two trials' evidence, subtracted: the relative difference of everything comparable."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.events import Metrics

from orchestrator.certificate.evidence import Evidence, Tensors
from orchestrator.language.phrases import Phrase
from orchestrator.trials.relative import differences, of_losses
from orchestrator.trials.trial import StepDetails, Trial

Floats = NDArray[np.float64]

LOSSES = Phrase("losses")
ORDERED = Phrase("losses in the order of samples")
ACCURACIES = Phrase("accuracies of the steps")
NORMS = Phrase("gradients' norms")
INITIAL = Phrase("initial values")
WEIGHTS = Phrase("final weights")
LOGITS = Phrase("test logits")
VALIDATION_LOGITS = Phrase("validation logits")
EVALUATED_LOSSES = Phrase("losses of the evaluations")
EVALUATED_ACCURACIES = Phrase("accuracies of the evaluations")
EVALUATED_METRICS = Phrase("metrics of the evaluations")
AGAIN = Phrase("test logits of the saved weights")
EVALUATED = (EVALUATED_LOSSES, EVALUATED_ACCURACIES, EVALUATED_METRICS)
_RELATIVE = ("rmse", "mae")
BY_STEP = (LOSSES, ORDERED, ACCURACIES, NORMS)


@dataclass(frozen=True, slots=True, eq=False)
class Gap:
    """The difference of one quantity between two trials.

    ``values`` float64: of each step or epoch, or a single number; infinite if one side's value is
    missing or not finite. ``tensor``: which one, if the quantity has them; of further metrics the
    metric's name.
    """

    quantity: Phrase
    values: Floats
    tensor: str | None = None

    @property
    def key(self) -> tuple[Phrase, str | None]:
        return self.quantity, self.tensor

    @property
    def running(self) -> Floats:
        """The largest so far."""
        largest: Floats = np.maximum.accumulate(self.values)
        return largest


def gaps(first: Evidence, second: Evidence) -> list[Gap]:
    """Subtract two trials of one model; what either side lacks is infinitely far apart."""
    subtracted = [
        *_of_steps(first.trial, second.trial),
        *_of_tensors(INITIAL, first.initial_weights, second.initial_weights),
        *_of_tensors(WEIGHTS, first.weights, second.weights),
        Gap(LOGITS, _scalar(first.logits, second.logits)),
        *_of_evaluations(first.trial, second.trial),
    ]
    kept = first.validation_logits, second.validation_logits
    if any(each is not None for each in kept):
        subtracted.append(Gap(VALIDATION_LOGITS, _scalar(*kept)))
    return subtracted


def again(trained: Evidence) -> list[Gap]:
    """Compare the frameworks' logits from the saved weights with the trial's own logits.

    ``tensor``: the framework.
    """
    return [
        Gap(AGAIN, _scalar(trained.logits, logits), f"{trained.trial.framework} in {name}")
        for name, logits in trained.again.items()
    ]


def _of_steps(a: Trial, b: Trial) -> Iterator[Gap]:
    steps = min(len(a.losses), len(b.losses))
    yield Gap(LOSSES, of_losses(a.losses[:steps], b.losses[:steps]))
    if a.details is None or b.details is None:
        return
    for quantity, name in ((ORDERED, "ordered_losses"), (ACCURACIES, "accuracies")):
        one, other = (getattr(details, name)[:steps] for details in (a.details, b.details))
        if quantity is ACCURACIES and len(one) == len(other) == 0:  # the task has none
            continue
        if len(one) != len(other):
            yield Gap(quantity, np.full(steps, np.inf))
            continue
        is_share = quantity is ACCURACIES
        apart = differences(one, other, np.ones(steps)) if is_share else of_losses(one, other)
        yield Gap(quantity, apart)
    yield from _of_norms(a.details, b.details, steps)


def _of_norms(a: StepDetails, b: StepDetails, steps: int) -> Iterator[Gap]:
    """Subtract norms relative to the whole gradient's: a tensor's own may be only rounding."""
    names = [
        *a.gradient_norms,
        *(name for name in b.gradient_norms if name not in a.gradient_norms),
    ]
    missing = np.full(steps, np.nan)
    whole = np.maximum(whole_norms(a)[:steps], whole_norms(b)[:steps])
    for name in names:
        one, other = (each.gradient_norms.get(name, missing)[:steps] for each in (a, b))
        yield Gap(NORMS, differences(one, other, whole), name)


def whole_norms(details: StepDetails) -> Floats:
    """Return norms of the whole gradient, float64[steps]."""
    norms = np.stack(list(details.gradient_norms.values()), axis=1)
    whole: Floats = np.linalg.norm(norms, axis=1)
    return whole


def _of_evaluations(a: Trial, b: Trial) -> Iterator[Gap]:
    """Yield for each epoch the larger difference of the test and validation samples.

    Every metric that either side has is held against the other's. Only a loss and errors in the
    targets' unit have a scale of their own.
    """
    pairs = list(itertools.zip_longest(a.epochs, b.epochs))
    splits = [
        [tuple(getattr(e, split) if e else None for e in pair) for pair in pairs]
        for split in ("test", "validation")
    ]
    first = np.abs(a.losses[:1])
    held = [split for split in splits if any(found for pair in split for found in pair)]
    for quantity, name in _evaluated(held):
        values = [
            _apart(split, name, first)
            for split in held
            if any(_value(each, name) is not None for pair in split for each in pair)
        ]
        yield Gap(quantity, np.max(values, axis=0), name if quantity is EVALUATED_METRICS else None)


_Split = Sequence[tuple[Metrics | None, ...]]  # the two sides' metrics, by epoch


def _evaluated(splits: Sequence[_Split]) -> Iterator[tuple[Phrase, str]]:
    """Yield what any evaluation of either side has."""
    found = [each for split in splits for pair in split for each in pair if each is not None]
    if found:
        yield EVALUATED_LOSSES, "loss"
    if any(each.accuracy is not None for each in found):
        yield EVALUATED_ACCURACIES, "accuracy"
    for name in dict.fromkeys(name for each in found for name in each.others):
        yield EVALUATED_METRICS, name


def _value(found: Metrics | None, name: str) -> float | None:
    if found is None:
        return None
    return getattr(found, name) if name in ("loss", "accuracy") else found.others.get(name)


def _apart(split: _Split, name: str, first: Floats) -> Floats:
    """Return the difference by epoch, relative unless the metric is a share or R2."""
    sides = [[_value(pair[which], name) for pair in split] for which in (0, 1)]
    one, other = (
        np.array([np.nan if each is None else each for each in values], np.float64)
        for values in sides
    )
    if name == "loss":
        return of_losses(one, other, first)
    if name in _RELATIVE:
        return differences(one, other)
    with np.errstate(invalid="ignore"):  # R2 has no lower end: far below 0 it is relative
        scale = np.maximum(1.0, np.maximum(np.abs(one), np.abs(other)))
    return differences(one, other, scale)


def _of_tensors(quantity: Phrase, a: Tensors, b: Tensors) -> Iterator[Gap]:
    for name in [*a, *(name for name in b if name not in a)]:
        yield Gap(quantity, _scalar(a.get(name), b.get(name)), name)


def _scalar(a: NDArray[np.floating] | None, b: NDArray[np.floating] | None) -> Floats:
    """Return float64[1]: the largest difference of two elements, relative to the largest one."""
    if a is None or b is None or a.shape != b.shape or a.dtype != b.dtype or not a.size:
        return np.array([np.inf])
    ours, others = a.astype(np.float64), b.astype(np.float64)
    largest = np.maximum(np.abs(ours).max(), np.abs(others).max())
    return np.array([differences(ours, others, largest).max()])


def by_tensor(found: Mapping[tuple[Phrase, str | None], Gap], quantity: Phrase) -> dict[str, float]:
    """Return the largest difference of a quantity, by tensor."""
    return {
        gap.tensor: float(gap.values.max())
        for gap in found.values()
        if gap.quantity == quantity and gap.tensor is not None
    }
