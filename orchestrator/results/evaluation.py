"""Metrics of a model's logits of the test samples, by class. Nothing is read or printed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.enums import TargetKind
from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.language.words import label
from orchestrator.trials.mappings.stored import as_json, fields_of

SCHEMA = "twinrun.evaluation/1"
_ALONE = Phrase("{framework}")
_WITH_WEIGHTS = Phrase("{framework}, with the weights of {trained}")
_SAME = Phrase(
    "{framework} makes the same {samples:,} predictions from {trained}'s weights as "
    "{trained}; the largest difference of a logit is {difference:.1e}."
)
_NUMBERS = Phrase(
    "The largest difference of {framework}'s predictions from {trained}'s weights and {trained}'s "
    "own is {difference:.1e}."
)
_DIFFERENT = Phrase(
    "{framework} makes {differing:,} of {samples:,} predictions from {trained}'s "
    "weights differently than {trained}; the largest difference of a logit is "
    "{difference:.1e}."
)

Logits = NDArray[np.floating]  # [samples, outputs]
Labels = NDArray[np.generic]  # int[samples] of classes, or float[samples, outputs]
_MOST_POINTS = 1000  # of a curve


@dataclass(frozen=True, slots=True)
class Class:
    """Precision: the correct share of samples predicted as it.

    Recall: of those that belong to it. ``name``: as in the user's data, or its number.
    """

    number: int
    name: str
    precision: float
    recall: float
    samples: int


@dataclass(frozen=True, slots=True)
class Latency:
    """As in job.proto."""

    batch_size: int
    calls: int
    p50_seconds: float
    p90_seconds: float
    p99_seconds: float
    samples_per_second: float
    largest_difference: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two frameworks with the same weights: differing predictions, the largest difference."""

    samples: int
    differing: int
    logit_difference: float
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Residuals:
    """Predicted minus true numbers of one output, from 0: their mean, deviation and extremes."""

    output: int
    mean: float
    sd: float
    least: float
    greatest: float


@dataclass(frozen=True, slots=True)
class Curve:
    """ROC and precision-recall curve of ``framework`` with the weights that ``trained`` has.

    A point for each threshold, the highest first, of very many a selection:
    ``false_positive_rate``, ``recall`` (the true positive rate) and ``precision``. The two areas
    are of all thresholds.
    """

    framework: str
    trained: str
    roc_auc: float
    average_precision: float
    false_positive_rate: Sequence[float]
    recall: Sequence[float]
    precision: Sequence[float]

    @property
    def side(self) -> Sentence:
        return _who(self.framework, self.trained)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """``framework`` with the weights that it, or another, has ``trained``.

    ``confusion``: rows are true classes, columns predicted ones. ``agreement``: with the framework
    that trained the weights; None: it is the same. ``others``: further metrics by name. A task of
    numbers has ``residuals``, and no classes; ``accuracy`` None: the task has none. A binary task
    has ``curves``, the evaluated one first, then those of the run's other sides.
    """

    framework: str
    trained: str
    loss: float
    accuracy: float | None
    samples: int
    classes: Sequence[Class]
    confusion: Sequence[Sequence[int]]
    latencies: Sequence[Latency]
    agreement: Agreement | None
    others: Mapping[str, float] = field(default_factory=dict)
    residuals: Sequence[Residuals] = ()
    curves: Sequence[Curve] = ()

    @property
    def side(self) -> Sentence:
        return _who(self.framework, self.trained)

    @property
    def has_positions(self) -> bool:
        """Return whether a sample has a class at each of its positions."""
        return sum(each.samples for each in self.classes) > self.samples


def _who(framework: str, trained: str) -> Sentence:
    names = {"framework": label(framework), "trained": label(trained)}
    return english(_ALONE if framework == trained else _WITH_WEIGHTS, **names)


def evaluation(
    framework: str,
    trained: str,
    finished: job_pb2.EvaluationFinished,
    found: tuple[Logits, Labels],
    of_trained: Logits | None,
    *,
    others: Mapping[str, tuple[Logits, Labels]] | None = None,
    names: Sequence[str] = (),
) -> Evaluation:
    """Evaluate; ``of_trained``: the logits of the framework that trained the weights.

    ``others``: logits and labels of the run's other sides, by name. ``names``: those of classes.
    """
    logits, labels = found
    said = finished.test
    kind = TargetKind.FLAGS if said.HasField("accuracy") else TargetKind.NUMBERS
    if labels.ndim == 1:
        kind = TargetKind.CLASS
    whole = Evaluation(
        framework=framework,
        trained=trained,
        loss=said.loss,
        accuracy=said.accuracy if said.HasField("accuracy") else None,
        samples=said.samples,
        classes=(),
        confusion=(),
        latencies=[_latency(latency) for latency in finished.latencies],
        agreement=None
        if of_trained is None
        else _agreement(framework, trained, logits, of_trained, kind),
        others=dict(said.others),
    )
    if kind is TargetKind.CLASS:
        names = names or list(map(str, range(logits.shape[1])))
        return _by_class(whole, logits.argmax(axis=1), labels, names)
    if kind is TargetKind.NUMBERS:
        residuals = [
            _residuals(k, logits[:, k] - labels[:, k].astype(np.float64))
            for k in range(labels.shape[1])
        ]
        return replace(whole, residuals=residuals)
    if labels.shape[1] > 1:
        return whole
    sides = {(framework, trained): found, **{(n, n): each for n, each in (others or {}).items()}}
    drawn = [_curve(*names, each[:, 0], flags[:, 0]) for names, (each, flags) in sides.items()]
    whole = replace(whole, curves=[curve for curve in drawn if curve is not None])
    return _by_class(whole, logits[:, 0] > 0, labels[:, 0] > 0, names or "01")  # type: ignore[operator] # flags


def _curve(framework: str, trained: str, scores: Logits, given: Labels) -> Curve | None:
    """Draw the curves of one output; equal scores are one threshold. None: they are not defined.

    The area is by trapezoids. Average precision is the sum over thresholds of precision times the
    increase in recall, without interpolation.
    """
    flags = given > 0  # type: ignore[operator] # flags are numbers
    if flags.all() or not flags.any() or not np.isfinite(scores).all():
        return None
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = np.cumsum(flags[order])[ends]
    recall, misses = hits / hits[-1], ends + 1 - hits
    false, precision = misses / misses[-1], hits / (ends + 1)
    area = np.trapezoid(np.append(0, recall), np.append(0, false))
    mean = (np.diff(recall, prepend=0) * precision).sum()
    most = np.arange(min(len(ends), _MOST_POINTS // 2))  # the first vary most
    kept = np.union1d(most, np.linspace(0, len(ends) - 1, _MOST_POINTS // 2).astype(int))
    points = (each[kept].tolist() for each in (false, recall, precision))
    return Curve(framework, trained, float(area), float(mean), *points)


def _residuals(output: int, found: NDArray[np.floating]) -> Residuals:
    wide = found.astype(np.float64)
    numbers = map(float, (wide.mean(), wide.std(), wide.min(), wide.max()))
    return Residuals(output, *numbers)


def _by_class(
    whole: Evaluation, predictions: Labels, labels: Labels, names: Sequence[str]
) -> Evaluation:
    """Add what a task of classes has besides."""
    from sklearn import metrics  # noqa: PLC0415 - takes a while to import

    numbers = np.arange(len(names))
    precision, recall, _, samples = metrics.precision_recall_fscore_support(
        labels, predictions, labels=numbers, zero_division=0
    )
    confusion = metrics.confusion_matrix(labels, predictions, labels=numbers)
    rows = zip(numbers, names, precision, recall, samples, strict=True)
    return replace(
        whole,
        classes=[Class(int(k), n, float(p), float(r), int(s)) for k, n, p, r, s in rows],
        confusion=confusion.tolist(),
    )


def _latency(message: job_pb2.Latency) -> Latency:
    durations = (message.p50_duration, message.p90_duration, message.p99_duration)
    p50, p90, p99 = (duration.ToNanoseconds() / 1e9 for duration in durations)
    rest = message.samples_per_second, message.largest_difference
    return Latency(message.batch_size, message.calls, p50, p90, p99, *rest)


def _agreement(
    framework: str, trained: str, logits: Logits, of_trained: Logits, kind: TargetKind
) -> Agreement:
    differing = 0
    if kind is TargetKind.CLASS:
        differing = int((logits.argmax(axis=1) != of_trained.argmax(axis=1)).sum())
    elif kind is TargetKind.FLAGS:
        differing = int(((logits > 0) != (of_trained > 0)).any(axis=1).sum())
    wide = logits.astype(np.float64), of_trained.astype(np.float64)
    difference = float(np.abs(wide[0] - wide[1]).max())
    sentence = english(
        _NUMBERS if kind is TargetKind.NUMBERS else _DIFFERENT if differing else _SAME,
        framework=label(framework),
        trained=label(trained),
        samples=len(logits),
        differing=differing,
        difference=difference,
    )
    return Agreement(len(logits), differing, difference, sentence)


def as_dict(found: Evaluation) -> dict[str, object]:
    """Return the contents of evaluations/<name>.json."""
    return as_json({"schema": SCHEMA, **fields_of(found)})
