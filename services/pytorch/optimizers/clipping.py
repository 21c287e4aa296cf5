"""Clipping of gradients: by the formulas of job.proto, and as users of PyTorch do it."""

from collections.abc import Sequence
from typing import assert_never

import torch
from torch.linalg import vector_norm
from twinrun.contract.regularization import Clip, ClipByGlobalNorm, ClipByNorm, ClipByValue

Gradients = Sequence[torch.Tensor | None]


def clipped(clip: Clip | None, gradients: Gradients) -> Gradients:
    """Return the gradients after clipping; what has none stays None."""
    if clip is None:
        return gradients
    match clip.kind:
        case ClipByValue(limit):
            return [None if g is None else g.clamp(-limit, limit) for g in gradients]
        case ClipByNorm(limit):
            return [None if g is None else g * _factor(vector_norm(g), limit) for g in gradients]
        case ClipByGlobalNorm(limit):
            norms = [vector_norm(g) for g in gradients if g is not None]
            factor = _factor(vector_norm(torch.stack(norms)), limit)
            return [None if g is None else g * factor for g in gradients]
        case _:
            assert_never(clip.kind)


def clip_as_users_do(clip: Clip | None, parameters: Sequence[torch.Tensor]) -> None:
    """Clip the gradients of ``parameters``, in place, by PyTorch's functions."""
    if clip is None:
        return
    match clip.kind:
        case ClipByValue(limit):
            torch.nn.utils.clip_grad_value_(parameters, limit)
        case ClipByNorm(limit):
            for parameter in parameters:
                torch.nn.utils.clip_grad_norm_([parameter], limit)
        case ClipByGlobalNorm(limit):
            torch.nn.utils.clip_grad_norm_(parameters, limit)
        case _:
            assert_never(clip.kind)


def _factor(norm: torch.Tensor, limit: float) -> torch.Tensor:
    """Return exactly 1 if the norm is at most the limit."""
    return limit / norm.clamp(min=limit)
