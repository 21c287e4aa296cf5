"""Functions of PyTorch, replaced while a model of code runs: their arithmetic is the spec's.

Dropout takes masks; batch norm moves its variance by the batch's biased one. The user's file may
have imported the replaced functions by name: they are PyTorch's own unless a model of code runs.
"""

import math
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
from torch.nn import functional
from torch.overrides import handle_torch_function, has_torch_function
from torch.utils import checkpoint

from services.errors import Unsupported


class Draws(Protocol):
    """Where dropout's masks come from."""

    def mask(self, x: torch.Tensor, rate: float, shape: tuple[int, ...]) -> torch.Tensor | None:
        """Return a mask bool[*shape] for ``x``, True where it is kept; None: everywhere."""


class Nothing:
    """`Draws` that let everything through."""

    def mask(self, *_: object) -> None:
        return None


class Evaluation(Nothing):
    """`Draws` of a model in evaluation, where dropout has nothing to drop. ``file``: its code."""

    def __init__(self, file: str) -> None:
        self._file = file

    def mask(self, *_: object) -> None:
        calls = [f for f in traceback.extract_stack() if f.filename.endswith(f"/{self._file}")]
        line = f", in line {calls[-1].lineno}" if calls else ""
        raise Unsupported(
            f"The model of {self._file} drops values in evaluation too{line}: pass "
            "training=self.training to the functions of dropout, or verify the rest without "
            "dropout",
            field="code.pytorch",
        )


def within_checkpoint() -> bool:
    """Return whether this is called in what `torch.utils.checkpoint` calls again for the slopes."""
    return any(f.filename == checkpoint.__file__ for f in traceback.extract_stack())


_active: Draws | None = None


def _dropped(
    x: torch.Tensor, rate: float, shape: tuple[int, ...], *, inplace: bool = False
) -> torch.Tensor:
    mask = None if _active is None else _active.mask(x, rate, shape)
    if mask is None:
        return x
    factor = mask.to(x.dtype) * (1 / (1 - rate) if rate < 1 else 0.0)
    return x.mul_(factor) if inplace else x * factor


def _masked(name: str, *, of_channels: bool = False) -> Callable[..., torch.Tensor]:
    """Return the dropout of this name, with masks; ``of_channels``: whole ones [batch, c, ...]."""

    def replaced(
        input: torch.Tensor,  # noqa: A002 - PyTorch's name
        p: float = 0.5,
        training: bool = True,
        inplace: bool = False,
    ) -> torch.Tensor:
        if _active is None:
            return _OWN[name](input, p, training, inplace)
        if has_torch_function((input,)):
            return handle_torch_function(replaced, (input,), input, p, training, inplace)
        if not training or p == 0:
            return input
        shape = tuple(input.shape)
        if of_channels:
            shape = (*shape[:2], *[1] * (input.ndim - 2))
        return _dropped(input, p, shape, inplace=inplace)

    replaced.__name__ = name
    return replaced


def _refused(name: str) -> Callable[..., torch.Tensor]:
    def replaced(
        input: torch.Tensor,  # noqa: A002 - PyTorch's name
        p: float = 0.5,
        training: bool = False,
        inplace: bool = False,
    ) -> torch.Tensor:
        if _active is None:
            return _OWN[name](input, p, training, inplace)
        if not training or p == 0 or isinstance(_active, Nothing):
            return input
        raise Unsupported(
            f"The code calls {name}, whose masks Twinrun does not draw; use dropout, or verify "
            "the rest without dropout",
            field="code.pytorch",
        )

    replaced.__name__ = name
    return replaced


def scaled_dot_product_attention(  # noqa: PLR0917 - PyTorch's form
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> torch.Tensor:
    """Do what `functional.scaled_dot_product_attention` does; with dropout, written out."""
    given = (query, key, value, attn_mask, dropout_p, is_causal)
    if _active is None:
        return _OWN["scaled_dot_product_attention"](*given, scale=scale, enable_gqa=enable_gqa)
    if has_torch_function((query, key, value)):
        return handle_torch_function(
            *(scaled_dot_product_attention, (query, key, value), *given),
            scale=scale,
            enable_gqa=enable_gqa,
        )
    if dropout_p == 0:
        return _OWN["scaled_dot_product_attention"](*given, scale=scale, enable_gqa=enable_gqa)
    if enable_gqa:
        repeats = query.shape[-3] // key.shape[-3]
        key, value = (each.repeat_interleave(repeats, -3) for each in (key, value))
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = query @ key.transpose(-2, -1) * factor
    if is_causal:
        later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
        scores = scores.masked_fill(later, -math.inf)
    if attn_mask is not None:
        is_flags = attn_mask.dtype is torch.bool
        scores = scores.masked_fill(~attn_mask, -math.inf) if is_flags else scores + attn_mask
    weights = scores.softmax(-1)
    return _dropped(weights, dropout_p, tuple(weights.shape)) @ value


def batch_norm(  # noqa: PLR0917 - PyTorch's form
    input: torch.Tensor,  # noqa: A002 - PyTorch's name
    running_mean: torch.Tensor | None,
    running_var: torch.Tensor | None,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> torch.Tensor:
    """Do what `functional.batch_norm` does, by the formula of services/pytorch/layers."""
    given = (input, running_mean, running_var, weight, bias, training, momentum, eps)
    if _active is None:
        return _OWN["batch_norm"](*given)
    if has_torch_function((input,)):
        return handle_torch_function(batch_norm, (input,), *given)
    if not training:
        return _OWN["batch_norm"](*given)
    made, mean, variance = _by_batch(input, weight, bias, eps)
    if running_mean is not None and running_var is not None:
        with torch.no_grad():
            for moving, found in ((running_mean, mean), (running_var, variance)):
                moving.mul_(1 - momentum).add_(found, alpha=momentum)
    return made


def _by_batch(
    x: torch.Tensor, gamma: torch.Tensor | None, beta: torch.Tensor | None, epsilon: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Normalise [batch, channels, ...]; return also mean and biased variance [channels]."""
    values, shape = x.numel() // x.shape[1], (1, -1, *[1] * (x.ndim - 2))
    if x.dtype == torch.float64:
        mean = _mean(x)
        centred = x - mean.view(shape)
        variance = _mean(centred.square())
        made = centred * torch.rsqrt(variance + epsilon).view(shape)
        made = made if gamma is None else made * gamma.view(shape)
        made = made if beta is None else made + beta.view(shape)
        return made, mean.detach(), variance.detach()
    # The kernel keeps moving statistics of its own; with momentum 1 they are the batch's.
    mean, unbiased = x.new_zeros(2, x.shape[1])
    how = (True, 1.0, epsilon, torch.backends.cudnn.enabled)
    made = torch.batch_norm(x, gamma, beta, mean, unbiased, *how)
    if values == 1:  # for which the kernel computes 0 / 0
        return made, mean, torch.zeros_like(mean)
    return made, mean, unbiased * ((values - 1) / values)


def _mean(x: torch.Tensor) -> torch.Tensor:
    """Return the mean of each channel, in two stages as services/pytorch/layers/batch_norm."""
    return (x.flatten(2).mean(2) if x.ndim > 2 else x).mean(0)


_REPLACED: dict[str, Callable[..., torch.Tensor]] = {
    "dropout": _masked("dropout"),
    "scaled_dot_product_attention": scaled_dot_product_attention,
    "batch_norm": batch_norm,
    **{name: _masked(name, of_channels=True) for name in ("dropout1d", "dropout2d", "dropout3d")},
    **{name: _refused(name) for name in ("alpha_dropout", "feature_alpha_dropout")},
}
_OWN: dict[str, Callable[..., torch.Tensor]] = {
    name: getattr(functional, name) for name in _REPLACED
}


@contextmanager
def active(draws: Draws) -> Iterator[None]:
    """Replace the functions; dropout's masks come from ``draws``."""
    global _active  # noqa: PLW0603 - PyTorch's functions are global, too
    before, _active = _active, draws
    for name, replaced in _REPLACED.items():
        setattr(functional, name, replaced)
    try:
        yield
    finally:
        _active = before
        for name, original in _OWN.items() if before is None else ():
            setattr(functional, name, original)
