"""The losses of job.proto, for logits [batch, outputs], of tokens [batch, time, outputs].

Those of pixels have [h, w] for the time, and so have their targets.
Targets are int64[batch] of classes, int64[batch, time] of tokens, or [batch, outputs] in the
logits' precision.
"""

from collections.abc import Callable
from functools import partial
from typing import assert_never

import torch
from torch import nn
from torch.nn import functional
from twinrun.contract.enums import ClassWeightsDivisor, OwnWay, Precision, TargetKind
from twinrun.contract.losses import (
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    NextTokenCrossEntropy,
    PixelCrossEntropy,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    ignored,
    targets,
)
from twinrun.contract.spec import JobSpec

LossFunction = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def mean(spec: JobSpec) -> LossFunction:
    """Return the function of a batch's loss: the mean over its samples."""
    match spec.loss:
        case SoftmaxCrossEntropy(class_weights=weights) as loss:
            if OwnWay.LOSS in spec.own_ways:
                return _softmax_twice
            if not weights:
                return partial(functional.cross_entropy, label_smoothing=loss.label_smoothing)
            return partial(_weighted_mean, loss)
        case NextTokenCrossEntropy(int(left_out)) | PixelCrossEntropy(int(left_out)):
            return partial(_counted_mean, left_out)
        case NextTokenCrossEntropy() | PixelCrossEntropy():
            return lambda logits, classes: functional.cross_entropy(*_rows(logits, classes))
        case SigmoidCrossEntropy() | MeanSquaredError() | MeanAbsoluteError() | Huber():
            losses = each(spec)
            if OwnWay.TARGET_SHAPE in spec.own_ways:  # [batch] is taken for [1, batch]
                return lambda logits, values: losses(*_paired(logits, values)).mean()
            return lambda logits, values: losses(logits, values).mean()
        case _:
            assert_never(spec.loss)


def each(spec: JobSpec) -> LossFunction:
    """Return the function of each sample's loss, [batch]; own ways do not change it."""
    match spec.loss:
        case SoftmaxCrossEntropy() as loss:
            return partial(_cross_entropies, loss)
        case SigmoidCrossEntropy(weight):
            return partial(_sigmoid_cross_entropies, weight)
        case MeanSquaredError():
            return lambda logits, values: (logits - values).square().mean(1)
        case MeanAbsoluteError():
            return lambda logits, values: (logits - values).abs().mean(1)
        case Huber(delta):
            return partial(_hubers, delta)
        case NextTokenCrossEntropy(left_out) | PixelCrossEntropy(left_out):
            return partial(_of_positions, left_out)
        case _:
            assert_never(spec.loss)


def accuracy(spec: JobSpec) -> LossFunction:
    """Return the function of a batch's accuracy, 0 to 1; of numbers it is 0, and tells nothing."""
    match targets(spec.loss):
        case TargetKind.CLASS:
            return lambda logits, values: (logits.argmax(1) == values).to(logits.dtype).mean()
        case TargetKind.TOKENS:
            return partial(_right_positions, ignored(spec.loss))
        case TargetKind.FLAGS:
            return lambda logits, values: ((logits > 0) == (values > 0)).to(logits.dtype).mean()
        case TargetKind.NUMBERS:
            return lambda logits, _: logits.new_zeros(())
        case unknown:
            assert_never(unknown)


def idiomatic(spec: JobSpec) -> nn.Module:
    """Return the module that users of PyTorch use for a batch's loss."""
    dtype = torch.float64 if spec.precision is Precision.FLOAT64 else torch.float32
    match spec.loss:
        case SoftmaxCrossEntropy(smoothing, weights):
            tensor = torch.tensor(weights, dtype=dtype) if weights else None
            return nn.CrossEntropyLoss(tensor, label_smoothing=smoothing)
        case SigmoidCrossEntropy(weight):
            return nn.BCEWithLogitsLoss(pos_weight=torch.tensor(weight, dtype=dtype))
        case MeanSquaredError():
            return nn.MSELoss()
        case MeanAbsoluteError():
            return nn.L1Loss()
        case Huber(delta):
            return nn.HuberLoss(delta=delta)
        case NextTokenCrossEntropy(left_out):
            return _OfPositions(left_out)
        case PixelCrossEntropy(left_out):  # of logits [batch, classes, h, w]
            return nn.CrossEntropyLoss(ignore_index=_index(left_out))
        case _:
            assert_never(spec.loss)


class _OfPositions(nn.Module):  # type: ignore[misc] # PyTorch's is Any
    """The loss of logits [batch, time, classes], as users write it."""

    def __init__(self, left_out: int | None) -> None:
        super().__init__()
        self._left_out = _index(left_out)

    def forward(self, logits: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(*_rows(logits, tokens), ignore_index=self._left_out)


def _index(left_out: int | None) -> int:
    """Return PyTorch's ``ignore_index``; what it is by default is no class."""
    return -100 if left_out is None else left_out


def _rows(logits: torch.Tensor, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return logits [batch * time, classes] and targets [batch * time]; of pixels likewise."""
    return logits.flatten(0, -2), tokens.flatten()


def _of_positions(
    left_out: int | None, logits: torch.Tensor, classes: torch.Tensor
) -> torch.Tensor:
    given = _rows(logits, classes)
    losses = functional.cross_entropy(*given, ignore_index=_index(left_out), reduction="none")
    losses = losses.view(len(classes), -1)
    if left_out is None:
        return losses.mean(1)
    return losses.sum(1) / (classes.flatten(1) != left_out).sum(1).clamp(min=1)


def _counted_mean(left_out: int, logits: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    # PyTorch's own mean is NaN where no position counts.
    total = functional.cross_entropy(
        *_rows(logits, classes), ignore_index=left_out, reduction="sum"
    )
    return total / (classes != left_out).sum().clamp(min=1)


def _right_positions(
    left_out: int | None, logits: torch.Tensor, classes: torch.Tensor
) -> torch.Tensor:
    right = logits.argmax(-1) == classes
    if left_out is None:
        return right.to(logits.dtype).mean()
    counted = classes != left_out
    return (right & counted).to(logits.dtype).sum() / counted.sum().clamp(min=1)


def _cross_entropies(
    loss: SoftmaxCrossEntropy, logits: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor:
    smoothing = loss.label_smoothing
    losses = functional.cross_entropy(logits, labels, reduction="none", label_smoothing=smoothing)
    return losses * _weights(loss, logits, labels) if loss.class_weights else losses


def _weights(loss: SoftmaxCrossEntropy, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the weight of each sample, [batch]."""
    return logits.new_tensor(loss.class_weights).index_select(0, labels)


def _weighted_mean(
    loss: SoftmaxCrossEntropy, logits: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor:
    losses = _cross_entropies(loss, logits, labels)
    match loss.class_weights_divisor:
        case ClassWeightsDivisor.WEIGHTS:
            return losses.sum() / _weights(loss, logits, labels).sum()
        case ClassWeightsDivisor.SAMPLES:
            return losses.mean()
        case _:
            assert_never(loss.class_weights_divisor)


def _softmax_twice(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Compute the loss of a model that ends in softmax: PyTorch's loss expects logits."""
    return functional.cross_entropy(logits.softmax(1), labels)


def _sigmoid_cross_entropies(
    weight: float, logits: torch.Tensor, flags: torch.Tensor
) -> torch.Tensor:
    # The slope of binary_cross_entropy_with_logits is sigmoid(z) - t, which cancels where the model
    # is sure and right: nothing but rounding would be left of it. Here each part keeps its digits.
    of_one, of_zero = functional.logsigmoid(logits), functional.logsigmoid(-logits)
    return -(weight * flags * of_one + (1 - flags) * of_zero).mean(1)


def _paired(logits: torch.Tensor, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what a loss takes predictions [batch, 1] and targets [batch] for: [batch, batch]."""
    logits, values = torch.broadcast_tensors(logits, values[:, 0])
    return logits, values


def _hubers(delta: float, logits: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    return functional.huber_loss(logits, values, reduction="none", delta=delta).mean(1)
