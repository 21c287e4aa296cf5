"""Adam: PyTorch's fused one has this formula, also with AMSGrad."""

from collections.abc import Sequence

import torch
from twinrun.contract.optimizers import Adam, AdamW

from services.pytorch.optimizers.kinds import Numbers, Own


def own(kind: Adam) -> Own:
    """Implement `services.pytorch.optimizers.kinds.Kind`."""
    made, given = usual(kind)
    return made, {**given, "eps": kind.epsilon, "fused": True}


def usual(kind: Adam) -> Own:
    """Implement `services.pytorch.optimizers.kinds.Kind`."""
    return torch.optim.Adam, {"betas": (kind.beta_1, kind.beta_2), "amsgrad": kind.amsgrad}


def step(
    kind: Adam | AdamW,
    w: torch.Tensor,
    g: torch.Tensor,
    state: Sequence[torch.Tensor],
    numbers: Numbers,
) -> None:
    """Implement `services.pytorch.optimizers.kinds.Kind`."""
    rate, epsilon = numbers
    m = state[0].mul_(kind.beta_1).add_((1 - kind.beta_1) * g)
    v = state[1].mul_(kind.beta_2).add_((1 - kind.beta_2) * g * g)
    if kind.amsgrad:
        v = state[2].copy_(torch.maximum(state[2], v))
    w.sub_(rate * m / (v.sqrt() + epsilon))
