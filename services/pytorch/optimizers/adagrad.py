"""Adagrad: PyTorch's fused one has this formula."""

from collections.abc import Sequence

import torch
from twinrun.contract.optimizers import Adagrad

from services.pytorch.optimizers.kinds import Numbers, Own


def own(kind: Adagrad) -> Own:
    """Implement `services.pytorch.optimizers.kinds.Kind`."""
    made, given = usual(kind)
    return made, {**given, "eps": kind.epsilon, "fused": True}


def usual(kind: Adagrad) -> Own:
    """Implement `services.pytorch.optimizers.kinds.Kind`."""
    return torch.optim.Adagrad, {"initial_accumulator_value": kind.initial_accumulator}


def step(
    _: Adagrad,
    w: torch.Tensor,
    g: torch.Tensor,
    state: Sequence[torch.Tensor],
    numbers: Numbers,
) -> None:
    """Implement `services.pytorch.optimizers.kinds.Kind`."""
    rate, epsilon = numbers
    w.sub_(rate * g / (state[0].add_(g * g).sqrt() + epsilon))
