"""A task's metrics, by one function for all frameworks. NumPy only."""

from collections.abc import Sequence
from typing import assert_never

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.enums import TargetKind
from twinrun.contract.events import Metrics
from twinrun.contract.losses import Loss, targets
from twinrun.contract.metrics import MOST_WITHOUT_TOP_5, PERPLEXITY, TOP_5

from services.model import losses


def evaluate(logits: NDArray[np.floating], values: NDArray[np.generic], loss: Loss) -> Metrics:
    """Return the mean ``loss`` and the metrics of logits float[n, outputs].

    ``values`` are the targets: int32[n] of classes, or float[n, outputs]; tokens' int32[n, time] go
    with logits float[n, time, outputs], and those that the loss ignores count nowhere. All is
    computed in float64. A metric that the samples do not define is left out: ROC AUC of one class
    only, R2 of equal targets. A sample with a NaN among its logits counts as wrong and makes other
    metrics NaN.
    """
    samples = len(values)
    wide, values = losses.rows(loss, logits.astype(np.float64)), losses.rows(loss, values)
    kept = losses.counted(loss, values)
    if not kept.all():
        wide, values = wide[kept], values[kept]
    mean = losses.mean(loss, wide, values)
    match targets(loss):
        case TargetKind.CLASS:
            classes = values.astype(np.intp)
            right = _share_right(wide, classes)
            return Metrics(mean, right, samples, _of_classes(wide, classes))
        case TargetKind.FLAGS:
            flags = values > 0  # type: ignore[operator] # flags are numbers
            right = ((wide > 0) == flags) & ~np.isnan(wide)
            return Metrics(mean, float(right.mean()), samples, _of_flags(wide, flags))
        case TargetKind.NUMBERS:
            return Metrics(mean, None, samples, _of_numbers(wide, values.astype(np.float64)))
        case TargetKind.TOKENS:
            with np.errstate(over="ignore"):  # of a job that diverges
                others = {PERPLEXITY: float(np.exp(mean))}
            return Metrics(mean, _share_right(wide, values.astype(np.intp)), samples, others)
        case unknown:
            assert_never(unknown)


def _share_right(logits: NDArray[np.float64], labels: NDArray[np.intp]) -> float:
    right = (logits.argmax(axis=1) == labels) & ~np.isnan(logits).any(axis=1)
    return float(right.mean())


def _of_classes(logits: NDArray[np.float64], labels: NDArray[np.intp]) -> dict[str, float]:
    """Return macro F1: the mean over the classes that occur among labels or predictions."""
    count = logits.shape[1]
    found = logits.argmax(axis=1)
    hits = np.bincount(labels[found == labels], minlength=count)
    sizes = np.bincount(labels, minlength=count) + np.bincount(found, minlength=count)
    there = sizes > 0
    others = {"macro_f1": float((2 * hits[there] / sizes[there]).mean())}
    if count > MOST_WITHOUT_TOP_5:
        own = logits[np.arange(len(labels)), labels][:, None]
        earlier = np.arange(count) < labels[:, None]  # a tie goes to the lower class
        before = ((logits > own) | ((logits == own) & earlier)).sum(axis=1)
        right = (before < 5) & ~np.isnan(logits).any(axis=1)
        others[TOP_5] = float(right.mean())
    return others


def _of_flags(logits: NDArray[np.float64], flags: NDArray[np.bool_]) -> dict[str, float]:
    """Return means over the outputs: of ROC AUC and average precision, of those that have both."""
    found = logits > 0
    hits, sizes = (found & flags).sum(axis=0), found.sum(axis=0) + flags.sum(axis=0)
    f1 = np.divide(2 * hits, sizes, out=np.zeros(len(sizes)), where=sizes > 0)
    others = {"f1": float(f1.mean())}
    both = [k for k in range(flags.shape[1]) if flags[:, k].any() and not flags[:, k].all()]
    if both:
        areas = [_areas(logits[:, k], flags[:, k]) for k in both]
        others["roc_auc"], others["average_precision"] = np.mean(areas, axis=0).tolist()
    return others


def _areas(scores: NDArray[np.float64], flags: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the area under the ROC curve, and average precision; equal scores are one threshold.

    Average precision is the sum over thresholds of precision times the increase in recall, without
    interpolation.
    """
    if np.isnan(scores).any():
        return np.nan, np.nan
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = np.cumsum(flags[order])[ends]
    misses = ends + 1 - hits
    rise = np.diff(hits, prepend=0)
    before = hits - rise  # at the threshold above
    area = (np.diff(misses, prepend=0) * (before + rise / 2)).sum() / (hits[-1] * misses[-1])
    precision = (rise * hits / (ends + 1)).sum() / hits[-1]
    return float(area), float(precision)


def _of_numbers(found: NDArray[np.float64], values: NDArray[np.float64]) -> dict[str, float]:
    """Return RMSE and MAE over all outputs, and R2: the mean over outputs whose targets differ."""
    error, spread = found - values, _roots_of_means(values - values.mean(axis=0))
    roots = _roots_of_means(error)
    others = {
        "rmse": float(_roots_of_means(roots)),
        "mae": float(np.abs(error).mean()),
    }
    if (spread > 0).any():
        with np.errstate(over="ignore"):  # so bad a model's R2 is minus infinity
            others["r2"] = float((1 - np.square(roots[spread > 0] / spread[spread > 0])).mean())
    return others


def _roots_of_means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the root mean squares of the first axis, of values whose squares may overflow."""
    largest = np.abs(values).max(axis=0)
    scale = np.where(largest > 0, largest, 1)
    return np.asarray(scale * np.sqrt(np.square(values / scale).mean(axis=0)))


def of_steps(
    losses: NDArray[np.floating], batch_sizes: Sequence[int], batches: int
) -> NDArray[np.floating]:
    """Return the losses of steps of so many ``batches``, the last of fewer, from the batches'."""
    if batches == 1:
        return losses
    starts, sizes = np.arange(0, len(losses), batches), np.array(batch_sizes)
    sums = np.add.reduceat(losses * sizes, starts)
    found: NDArray[np.floating] = (sums / np.add.reduceat(sizes, starts)).astype(losses.dtype)
    return found


def mean_over_samples(values: NDArray[np.floating], batch_sizes: NDArray[np.int64]) -> float:
    """Return an epoch's mean over samples, in float64, from its steps' means, float[steps]."""
    return float(np.dot(values.astype(np.float64), batch_sizes) / batch_sizes.sum())
