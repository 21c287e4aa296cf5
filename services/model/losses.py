"""What the losses of job.proto require of every framework alike. NumPy only."""

from typing import TypeVar, assert_never

import numpy as np
from numpy.typing import NDArray
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
)
from twinrun.contract.losses import targets as targets_of

Number = TypeVar("Number", bound=np.generic)


def mean(loss: Loss, logits: NDArray[np.floating], targets: NDArray[np.generic]) -> float:
    """Return the loss of logits float[n, outputs], computed in float64.

    ``targets``: int[n] of classes, or float[n, outputs]; of tokens the `counted` `rows`. Class
    weights count as in a batch of all samples. A NaN among a sample's logits makes it NaN; so does
    an infinite greatest one.
    """
    wide = logits.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):  # inf - inf: it shows in the loss
        losses = _each(loss, wide, targets)
    if isinstance(loss, SoftmaxCrossEntropy) and loss.class_weights:
        match loss.class_weights_divisor:
            case ClassWeightsDivisor.WEIGHTS:
                weights = np.array(loss.class_weights)[targets.astype(np.intp)]
                return float(losses.sum() / weights.sum())
            case ClassWeightsDivisor.SAMPLES:
                pass
            case _:
                assert_never(loss.class_weights_divisor)
    return float(losses.mean())


def counted(loss: Loss, targets: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Return which `rows` of targets count, bool[n]."""
    wrong = ignored(loss)
    return np.ones(len(targets), np.bool_) if wrong is None else targets != wrong


def rows(loss: Loss, values: NDArray[Number]) -> NDArray[Number]:
    """Return logits or targets with one row for each prediction: each position or pixel.

    Logits [n, time, classes] become [n * time, classes], and targets [n, time] become [n * time];
    of pixels likewise, with [h, w] for the time.
    """
    if targets_of(loss) is not TargetKind.TOKENS:
        return values
    axes = 3 if isinstance(loss, PixelCrossEntropy) else 2
    return values.reshape(-1, *values.shape[axes:])


def for_trainer(loss: Loss, values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return a split's targets as trainers take them: classes as int64, others as they are.

    PyTorch's loss expects int64, and TensorFlow keeps int32 in the host's memory, also for a GPU.
    """
    of_classes = targets_of(loss) in (TargetKind.CLASS, TargetKind.TOKENS)
    return values.astype(np.int64) if of_classes else values


def _each(
    loss: Loss, logits: NDArray[np.float64], targets: NDArray[np.generic]
) -> NDArray[np.float64]:
    """Return each sample's loss, float64[n]."""
    values = targets.astype(np.float64)
    match loss:
        case SoftmaxCrossEntropy(smoothing, weights):
            return _cross_entropies(smoothing, weights, logits, targets.astype(np.intp))
        case NextTokenCrossEntropy() | PixelCrossEntropy():
            return _cross_entropies(0.0, (), logits, targets.astype(np.intp))
        case SigmoidCrossEntropy(weight):
            # log(1 + exp(-|z|)): neither exponential can overflow.
            soft = np.log1p(np.exp(-np.abs(logits)))
            of_one, of_zero = soft + np.maximum(-logits, 0), soft + np.maximum(logits, 0)
            return np.asarray((weight * values * of_one + (1 - values) * of_zero).mean(axis=1))
        case MeanSquaredError():
            return np.asarray(np.square(logits - values).mean(axis=1))
        case MeanAbsoluteError():
            return np.asarray(np.abs(logits - values).mean(axis=1))
        case Huber(delta):
            size = np.abs(logits - values)
            inside, outside = size**2 / 2, delta * (size - delta / 2)
            return np.asarray(np.where(size <= delta, inside, outside).mean(axis=1))
        case _:
            assert_never(loss)


def _cross_entropies(
    smoothing: float,
    weights: tuple[float, ...],
    logits: NDArray[np.float64],
    labels: NDArray[np.intp],
) -> NDArray[np.float64]:
    shifted = logits - logits.max(axis=1, keepdims=True)
    total = np.log(np.exp(shifted).sum(axis=1))
    losses = total - shifted[np.arange(len(labels)), labels]
    if smoothing:
        losses = (1 - smoothing) * losses + smoothing * (total - shifted.mean(axis=1))
    return np.asarray(losses * np.array(weights)[labels] if weights else losses)
