"""Adamax: PyTorch's own adds epsilon to the gradient, within the maximum, so this is by hand."""

from collections.abc import Sequence

import torch
from twinrun.contract.optimizers import Adamax

from services.pytorch.optimizers.kinds import Numbers, Own


def own(_: Adamax) -> None:
    """Implement `services.pytorch.optimizers.kinds.Kind`."""


def usual(kind: Adamax) -> Own:
    """Implement `services.pytorch.optimizers.kinds.Kind`."""
    return torch.optim.Adamax, {"betas": (kind.beta_1, kind.beta_2)}


def step(
    kind: Adamax,
    w: torch.Tensor,
    g: torch.Tensor,
    state: Sequence[torch.Tensor],
    numbers: Numbers,
) -> None:
    """Implement `services.pytorch.optimizers.kinds.Kind`."""
    rate, epsilon = numbers
    m = state[0].mul_(kind.beta_1).add_((1 - kind.beta_1) * g)
    u = state[1].copy_(torch.maximum(kind.beta_2 * state[1], g.abs()))
    w.sub_(rate * m / (u + epsilon))
