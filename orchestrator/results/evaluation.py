"""Metrics of a model's logits of the test samples, by class. Nothing is read or printed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.language.words import label
from orchestrator.trials.stored import as_json, fields_of

SCHEMA = "twinrun.evaluation/1"
_SAME = Phrase(
    "{framework} makes the same {samples:,} predictions from {trained}'s weights as "
    "{trained}; the largest difference of a logit is {difference:.1e}."
)
_DIFFERENT = Phrase(
    "{framework} makes {differing:,} of {samples:,} predictions from {trained}'s "
    "weights differently than {trained}; the largest difference of a logit is "
    "{difference:.1e}."
)

Logits = NDArray[np.floating]  # [samples, classes]
Labels = NDArray[np.integer]  # [samples]


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
class Evaluation:
    """``framework`` with the weights that it, or another, has ``trained``.

    ``confusion``: rows are true classes, columns predicted ones. ``agreement``: with the framework
    that trained the weights; None: it is the same.
    """

    framework: str
    trained: str
    loss: float
    accuracy: float
    samples: int
    classes: Sequence[Class]
    confusion: Sequence[Sequence[int]]
    latencies: Sequence[Latency]
    agreement: Agreement | None


def evaluation(
    framework: str,
    trained: str,
    finished: job_pb2.EvaluationFinished,
    found: tuple[Logits, Labels],
    of_trained: Logits | None,
) -> Evaluation:
    """Evaluate; ``of_trained``: the logits of the framework that trained the weights."""
    from sklearn import metrics  # noqa: PLC0415 - takes a while to import

    logits, labels = found
    numbers = np.arange(logits.shape[1])
    predictions = logits.argmax(axis=1)
    precision, recall, _, samples = metrics.precision_recall_fscore_support(
        labels, predictions, labels=numbers, zero_division=0
    )
    confusion = metrics.confusion_matrix(labels, predictions, labels=numbers)
    rows = zip(numbers, precision, recall, samples, strict=True)
    return Evaluation(
        framework=framework,
        trained=trained,
        loss=finished.test.loss,
        accuracy=finished.test.accuracy,
        samples=finished.test.samples,
        classes=[Class(int(n), float(p), float(r), int(s)) for n, p, r, s in rows],
        confusion=confusion.tolist(),
        latencies=[_latency(latency) for latency in finished.latencies],
        agreement=None
        if of_trained is None
        else _agreement(framework, trained, logits, of_trained),
    )


def _latency(message: job_pb2.Latency) -> Latency:
    durations = (message.p50_duration, message.p90_duration, message.p99_duration)
    p50, p90, p99 = (duration.ToNanoseconds() / 1e9 for duration in durations)
    rest = message.samples_per_second, message.largest_difference
    return Latency(message.batch_size, message.calls, p50, p90, p99, *rest)


def _agreement(framework: str, trained: str, logits: Logits, of_trained: Logits) -> Agreement:
    differing = int((logits.argmax(axis=1) != of_trained.argmax(axis=1)).sum())
    wide = logits.astype(np.float64), of_trained.astype(np.float64)
    difference = float(np.abs(wide[0] - wide[1]).max())
    sentence = english(
        _DIFFERENT if differing else _SAME,
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
