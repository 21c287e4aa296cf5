"""Batch norm by the formula of job.proto, for [batch, ..., channels]."""

from collections.abc import Sequence
from typing import assert_never

import torch
from torch import nn
from twinrun.contract.layers import BatchNorm, Layer
from twinrun.contract.nesting import leaves
from twinrun.contract.norms import is_usual_momentum

from services.model import taken
from services.model.layers.parameter import Shape
from services.pytorch.layers.given import Evaluating, Given, Mean, Training


def computed(layer: BatchNorm, x: torch.Tensor, given: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`."""
    gamma, beta = next(given.trained), next(given.trained)
    match given:
        case Training():
            normalised, *found = by_batch(layer, x, gamma, beta, given.mean)
            given.statistics.extend(found)
            return normalised
        case Evaluating():
            moving = next(given.kept), next(given.kept)
            return by_moving(layer, x, gamma, beta, moving=moving)
        case _:
            assert_never(given)


def keep(
    layers: Sequence[Layer], kept: Sequence[torch.Tensor], statistics: Sequence[torch.Tensor]
) -> None:
    """Move the ``kept`` statistics of all ``layers`` towards a batch's ``statistics``, in place."""
    norms = [layer for layer in leaves(layers) if isinstance(layer, BatchNorm)]
    momenta = [norm.momentum for norm in norms for _ in range(2)]
    for moving, batch, momentum in zip(kept, statistics, momenta, strict=True):
        moving.mul_(momentum).add_(batch, alpha=1 - momentum)


class SequenceBatchNorm(nn.BatchNorm1d):  # type: ignore[misc]
    """PyTorch's batch norm, whose channels are the second axis, of [batch, time, channels]."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


_MODULES = {1: nn.BatchNorm1d, 2: SequenceBatchNorm, 3: nn.BatchNorm2d}


def idiomatic(layer: BatchNorm, shape: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`. PyTorch's momentum is what is taken in."""
    given = taken.epsilon(layer, "eps")
    if not is_usual_momentum(layer):
        given["momentum"] = 1 - layer.momentum
    return _MODULES[len(shape)](shape[-1], **given)


def held(module: nn.BatchNorm1d | nn.BatchNorm2d) -> dict[str, torch.Tensor | None]:
    """Implement `services.pytorch.layers.Kind`."""
    return {
        "gamma": module.weight,
        "beta": module.bias,
        "moving_mean": module.running_mean,
        "moving_variance": module.running_var,
    }


def by_batch(
    layer: BatchNorm,
    x: torch.Tensor,
    gamma: torch.Tensor,
    beta: torch.Tensor,
    mean: Mean | None = None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Normalise by the batch's mean and biased variance [channels], and return those, too.

    ``mean``: where several devices share the batch.
    """
    if mean is not None:
        shared = mean  # SyncBatchNorm is for GPUs only, and counts each device's samples
        return _plainly(layer, x, gamma, beta, lambda values: shared(_mean(values)))
    # In float64 precision matters: see `_mean`. In float32 the kernel is that of users' models.
    if torch.compiler.is_compiling() or x.dtype == torch.float64:
        return _plainly(layer, x, gamma, beta)
    values = x.numel() // x.shape[-1]  # of a channel
    # The kernel keeps moving statistics of its own; with momentum 1 they are the batch's.
    mean, unbiased = x.new_zeros(2, x.shape[-1])
    normalised = _kernel(layer, x, gamma, beta, moving=(mean, unbiased), training=True)
    if values == 1:  # for which the kernel computes 0 / 0
        return normalised, mean, torch.zeros_like(mean)
    return normalised, mean, unbiased * ((values - 1) / values)


def by_moving(
    layer: BatchNorm,
    x: torch.Tensor,
    gamma: torch.Tensor,
    beta: torch.Tensor,
    *,
    moving: tuple[torch.Tensor, torch.Tensor],
) -> torch.Tensor:
    """Normalise by the given mean and variance [channels]."""
    return _kernel(layer, x, gamma, beta, moving=moving, training=False)


def _kernel(
    layer: BatchNorm,
    x: torch.Tensor,
    gamma: torch.Tensor,
    beta: torch.Tensor,
    *,
    moving: tuple[torch.Tensor, torch.Tensor],
    training: bool,
) -> torch.Tensor:
    """Call PyTorch's kernel; `functional.batch_norm` refuses a batch of one value a channel."""
    normalised = torch.batch_norm(
        x.movedim(-1, 1),
        gamma,
        beta,
        *moving,
        training,
        1.0,
        layer.epsilon,
        torch.backends.cudnn.enabled,
    )
    return normalised.movedim(1, -1)


def _plainly(
    layer: BatchNorm,
    x: torch.Tensor,
    gamma: torch.Tensor,
    beta: torch.Tensor,
    mean_of: Mean | None = None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Normalise in operations that a compiler can fuse with those around them."""
    mean_of = mean_of or _mean
    mean = mean_of(x)
    centred = x - mean
    variance = mean_of(centred.square())
    normalised = centred * torch.rsqrt(variance + layer.epsilon) * gamma + beta
    return normalised, mean.detach(), variance.detach()


def _mean(x: torch.Tensor) -> torch.Tensor:
    """Return the mean of each channel; of several positions in two stages.

    A long sum that adds one value after the other makes the same rounding error again and again if
    values are alike, as in an image's background; this cost float64 three digits.
    """
    return (x.mean(tuple(range(1, x.ndim - 1))) if x.ndim > 2 else x).mean(0)
