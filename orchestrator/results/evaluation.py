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

Logits = NDArray[np.floating]  # [samples, classes]
Labels = NDArray[np.generic]  # int[samples] of classes, or float[samples, outputs]


@dataclass(frozen=True, slots=True)
class Class:
    """Precision: the correct share of samples predicted as it.

    Recall: of those that belong to it.
    """

    number: int
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
class Evaluation:
    """``framework`` with the weights that it, or another, has ``trained``.

    ``confusion``: rows are true classes, columns predicted ones. ``agreement``: with the framework
    that trained the weights; None: it is the same. ``others``: further metrics by name. A task of
    numbers has ``residuals``, and no classes; ``accuracy`` None: the task has none.
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


def evaluation(
    framework: str,
    trained: str,
    finished: job_pb2.EvaluationFinished,
    found: tuple[Logits, Labels],
    of_trained: Logits | None,
) -> Evaluation:
    """Evaluate; ``of_trained``: the logits of the framework that trained the weights."""
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
        return _by_class(whole, logits, labels)
    if kind is TargetKind.NUMBERS:
        residuals = [
            _residuals(k, logits[:, k] - labels[:, k].astype(np.float64))
            for k in range(labels.shape[1])
        ]
        return replace(whole, residuals=residuals)
    return whole


def _residuals(output: int, found: NDArray[np.floating]) -> Residuals:
    wide = found.astype(np.float64)
    numbers = map(float, (wide.mean(), wide.std(), wide.min(), wide.max()))
    return Residuals(output, *numbers)


def _by_class(whole: Evaluation, logits: Logits, labels: Labels) -> Evaluation:
    """Add what a task of classes has besides."""
    from sklearn import metrics  # noqa: PLC0415 - takes a while to import

    numbers = np.arange(logits.shape[1])
    predictions = logits.argmax(axis=1)
    precision, recall, _, samples = metrics.precision_recall_fscore_support(
        labels, predictions, labels=numbers, zero_division=0
    )
    confusion = metrics.confusion_matrix(labels, predictions, labels=numbers)
    rows = zip(numbers, precision, recall, samples, strict=True)
    return replace(
        whole,
        classes=[Class(int(n), float(p), float(r), int(s)) for n, p, r, s in rows],
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
