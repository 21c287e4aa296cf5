"""The losses of job.proto, for logits [batch, classes] and labels [batch]."""

from collections.abc import Callable
from typing import assert_never

import torch
from torch import nn
from torch.nn import functional
from twinrun.contract.enums import Loss, OwnWay
from twinrun.contract.spec import JobSpec

LossFunction = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def mean(spec: JobSpec) -> LossFunction:
    """Return the function of a batch's loss: the mean over its samples."""
    match spec.loss:
        case Loss.SOFTMAX_CROSS_ENTROPY:
            own = OwnWay.LOSS in spec.own_ways
            return _softmax_twice if own else functional.cross_entropy
        case _:
            assert_never(spec.loss)


def each(spec: JobSpec) -> LossFunction:
    """Return the function of each sample's loss, [batch]; own ways do not change it."""
    match spec.loss:
        case Loss.SOFTMAX_CROSS_ENTROPY:
            return _cross_entropies
        case _:
            assert_never(spec.loss)


def idiomatic(spec: JobSpec) -> nn.Module:
    """Return the module that users of PyTorch use for a batch's loss."""
    match spec.loss:
        case Loss.SOFTMAX_CROSS_ENTROPY:
            return nn.CrossEntropyLoss()
        case _:
            assert_never(spec.loss)


def _cross_entropies(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(logits, labels, reduction="none")


def _softmax_twice(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Compute the loss of a model that ends in softmax: PyTorch's loss expects logits."""
    return functional.cross_entropy(logits.softmax(1), labels)
