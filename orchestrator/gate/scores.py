"""Loss and metrics of an evaluation: what the job's task has, and what its logits give."""

import math
from collections.abc import Mapping
from typing import assert_never

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.converters.specs import readable_spec
from twinrun.contract.enums import ClassWeightsDivisor, TargetKind
from twinrun.contract.losses import (
    Huber,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    NextTokenCrossEntropy,
    PixelCrossEntropy,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    ignored,
    targets,
)
from twinrun.contract.metrics import (
    ACCURACY,
    MOST_WITHOUT_TOP_5,
    PERPLEXITY,
    RANGES,
    TOP_5,
    metric_names,
)
from twinrun.v1 import job_pb2

from orchestrator.gate.fault import AT_LEAST, AT_MOST, FROM, ONE_OF, Fault, require
from orchestrator.language.phrases import Phrase, Sentence, english

Floats = NDArray[np.float64]

_NO_ACCURACY = Phrase("{field} arrived, which the job's task does not have")
_MISSING = Phrase("{field} is missing, which the job's task has")
_OF_ITS_LOGITS = Phrase("{value:.9g}, as its logits give")
_ROUNDING = 1e-6


def loss_of(spec: job_pb2.JobSpec) -> Loss:
    """Return the spec's loss; the usual one for one of a later version."""
    return readable_spec(spec)[0].loss


def check(field: str, message: job_pb2.Metrics, samples: int, loss: Loss) -> None:
    """Require this many samples, and the task's metrics with values that they can have.

    Raises Fault. A metric that the samples do not define is not there.
    """
    require(message.samples == samples, f"{field}.samples", message.samples, samples)
    names = metric_names(loss)
    if message.HasField("accuracy") != (ACCURACY in names):
        phrase = _MISSING if ACCURACY in names else _NO_ACCURACY
        raise Fault(english(phrase, field=f"{field}.accuracy"))
    further = [name for name in names if name != ACCURACY]
    for name, value in message.others.items():
        known = english(ONE_OF, known=", ".join(further))
        require(name in further, f"{field}.others", name, known)
        _check_range(
            f"{field}.others[{name}]", value, name, diverged=not math.isfinite(message.loss)
        )


def _check_range(field: str, value: float, name: str, *, diverged: bool) -> None:
    """Require a possible value; of a job that has diverged it may be no number."""
    if math.isnan(value) and diverged:
        return
    low, high = RANGES[name]
    require(low - _ROUNDING <= value <= high + _ROUNDING, field, value, _range(low, high))


def _range(low: float, high: float) -> Sentence:
    if math.isinf(high):
        return english(AT_LEAST, least=low)
    return english(AT_MOST, most=high) if math.isinf(low) else english(FROM, low=low, high=high)


def check_logits(
    said: job_pb2.Metrics, loss: Loss, logits: Floats, labels: NDArray[np.generic]
) -> None:
    """Require that metrics of the test samples are what their logits give, and all of these.

    Arguments as those of `of_logits`. Raises Fault.
    """
    with np.errstate(all="ignore"):  # of a false runner's
        values = of_logits(loss, logits, labels)
    for name, (value, off) in values.items():
        wanted, here = english(_OF_ITS_LOGITS, value=value), f"test.{name}"
        if name not in ("loss", ACCURACY):
            here = f"test.others[{name}]"
            require(name in said.others, here, None, wanted)
        told = said.others[name] if name in said.others else getattr(said, name)
        require(abs(told - value) <= off, here, told, wanted)


def of_logits(
    loss: Loss, logits: Floats, labels: NDArray[np.generic]
) -> Mapping[str, tuple[float, float]]:
    """Return what the logits give, by its name: the value, and how much rounding may change it.

    ``logits``: finite, float64[n, outputs]. ``labels``: the targets, int[n] of classes, or
    float[n, outputs].
    """
    if (left_out := ignored(loss)) is not None:
        logits, labels = logits[labels != left_out], labels[labels != left_out]
    value = _loss(loss, logits, labels)
    found = {"loss": (value, 1e-6 * max(abs(value), 1.0))}
    match targets(loss):
        case TargetKind.CLASS:
            values = _of_classes(logits, labels.astype(np.intp))
            return {**found, **{name: (value, 1e-9) for name, value in values.items()}}
        case TargetKind.FLAGS:
            values = _of_flags(logits, labels.astype(np.float64) > 0)
            return {**found, **{name: (value, 1e-9) for name, value in values.items()}}
        case TargetKind.NUMBERS:
            values = {"loss": value, **_of_numbers(logits, labels.astype(np.float64))}
            return {
                n: (v, 1e-6 * max(abs(v), 1.0 if n == "r2" else 0.0)) for n, v in values.items()
            }
        case TargetKind.TOKENS:
            perplexity = float(np.exp(value))
            return {
                **found,
                ACCURACY: (float((logits.argmax(axis=1) == labels).mean()), 1e-9),
                PERPLEXITY: (perplexity, 1e-6 * perplexity * max(value, 1.0)),
            }
        case unknown:
            assert_never(unknown)


def _of_classes(logits: Floats, labels: NDArray[np.intp]) -> dict[str, float]:
    likely = logits.argmax(axis=1)
    found = {ACCURACY: float((likely == labels).mean())}
    scores = []
    for code in np.union1d(labels, likely):
        both, either = (labels == code) & (likely == code), (labels == code) | (likely == code)
        scores.append(2 * both.sum() / (both.sum() + either.sum()))
    found["macro_f1"] = float(np.mean(scores))
    if logits.shape[1] > MOST_WITHOUT_TOP_5:
        first = np.argsort(-logits, axis=1, kind="stable")[:, :5]
        found[TOP_5] = float((first == labels[:, np.newaxis]).any(axis=1).mean())
    return found


def _of_flags(logits: Floats, flags: NDArray[np.bool_]) -> dict[str, float]:
    from sklearn import metrics  # noqa: PLC0415 - takes a second to import

    likely, outputs = logits > 0, range(flags.shape[1])
    found = {ACCURACY: float((likely == flags).mean())}
    scores = [metrics.f1_score(flags[:, k], likely[:, k], zero_division=0) for k in outputs]
    found["f1"] = float(np.mean(scores))
    both = [k for k in outputs if flags[:, k].any() and not flags[:, k].all()]
    if both:
        of_ranks = {
            "roc_auc": metrics.roc_auc_score,
            "average_precision": metrics.average_precision_score,
        }
        for name, score in of_ranks.items():
            found[name] = float(np.mean([score(flags[:, k], logits[:, k]) for k in both]))
    return found


def _of_numbers(logits: Floats, values: Floats) -> dict[str, float]:
    error = logits - values
    found = {"rmse": float(np.sqrt(np.square(error).mean())), "mae": float(np.abs(error).mean())}
    spread = np.square(values - values.mean(axis=0)).sum(axis=0)
    if (spread > 0).any():
        left = np.square(error).sum(axis=0)[spread > 0] / spread[spread > 0]
        found["r2"] = float((1 - left).mean())
    return found


def _loss(loss: Loss, logits: Floats, labels: NDArray[np.generic]) -> float:
    """Return the mean loss, by the formulas of job.proto."""
    values = labels.astype(np.float64)
    match loss:
        case SoftmaxCrossEntropy():
            return _cross_entropy(loss, logits, labels.astype(np.intp))
        case NextTokenCrossEntropy() | PixelCrossEntropy():
            return _cross_entropy(SoftmaxCrossEntropy(), logits, labels.astype(np.intp))
        case SigmoidCrossEntropy(weight):
            one, zero = np.logaddexp(0, -logits), np.logaddexp(0, logits)
            return float((weight * values * one + (1 - values) * zero).mean())
        case MeanSquaredError():
            return float(np.square(logits - values).mean())
        case MeanAbsoluteError():
            return float(np.abs(logits - values).mean())
        case Huber(delta):
            size = np.abs(logits - values)
            return float(np.where(size <= delta, size**2 / 2, delta * (size - delta / 2)).mean())
        case _:
            assert_never(loss)


def _cross_entropy(loss: SoftmaxCrossEntropy, logits: Floats, labels: NDArray[np.intp]) -> float:
    shifted = logits - logits.max(axis=1, keepdims=True)
    total = np.log(np.exp(shifted).sum(axis=1))
    smoothing = loss.label_smoothing
    each = (1 - smoothing) * (total - shifted[np.arange(len(labels)), labels])
    each += smoothing * (total - shifted.mean(axis=1))
    if not loss.class_weights:
        return float(each.mean())
    weights = np.array(loss.class_weights)[labels]
    by_weight = loss.class_weights_divisor is ClassWeightsDivisor.WEIGHTS
    return float((weights * each).sum() / (weights.sum() if by_weight else len(labels)))
