"""Batch norm by the formula of job.proto, of images [batch, h, w, c] and of [batch, n]."""

import torch
from twinrun.contract.layers import BatchNorm

from services.pytorch.axes import channels_first, channels_last


def by_batch(
    layer: BatchNorm, x: torch.Tensor, gamma: torch.Tensor, beta: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Normalised by the batch's own mean and biased variance [channels], which come with it."""
    # In float64 what counts is precision: see `_mean`. In float32 the kernel is as a user has it.
    if torch.compiler.is_compiling() or x.dtype == torch.float64:
        return _plainly(layer, x, gamma, beta)
    values = x.numel() // x.shape[-1]  # of a channel
    # The kernel keeps moving statistics of its own; with momentum 1 they are the batch's.
    mean, unbiased = x.new_zeros(2, x.shape[-1])
    normalised = _kernel(layer, x, gamma, beta, moving=(mean, unbiased), training=True)
    if values == 1:  # of which the kernel makes 0 / 0
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
    """Normalised by a mean and a variance [channels] that are given."""
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
    """PyTorch's. `torch.nn.functional.batch_norm` would refuse a batch of one value a channel."""
    images = x.ndim == 4
    normalised = torch.batch_norm(
        channels_first(x) if images else x,
        gamma,
        beta,
        *moving,
        training,
        1.0,
        layer.epsilon,
        torch.backends.cudnn.enabled,
    )
    return channels_last(normalised) if images else normalised


def _plainly(
    layer: BatchNorm, x: torch.Tensor, gamma: torch.Tensor, beta: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """In operations that a compiler makes one with what stands around them."""
    mean = _mean(x)
    centred = x - mean
    variance = _mean(centred.square())
    normalised = centred * torch.rsqrt(variance + layer.epsilon) * gamma + beta
    return normalised, mean.detach(), variance.detach()


def _mean(x: torch.Tensor) -> torch.Tensor:
    """Of each channel; of images in two stages.

    A long sum that is taken one value after the other rounds the same way again and again where
    values are alike, as an image's background is, which cost float64 three of its digits.
    """
    return (x.mean((1, 2)) if x.ndim == 4 else x).mean(0)
