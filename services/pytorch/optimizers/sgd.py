"""SGD: PyTorch's fused one has this formula."""

from collections.abc import Sequence

import torch
from twinrun.contract.optimizers import Sgd

from services.pytorch.optimizers.kinds import Numbers, Own


def own(kind: Sgd) -> Own:
    """Implement `services.pytorch.optimizers.kinds.Kind`."""
    made, given = usual(kind)
    return made, {**given, "fused": True}


def usual(kind: Sgd) -> Own:
    """Implement `services.pytorch.optimizers.kinds.Kind`."""
    return torch.optim.SGD, {"momentum": kind.momentum, "nesterov": kind.nesterov}


def step(
    kind: Sgd,
    w: torch.Tensor,
    g: torch.Tensor,
    state: Sequence[torch.Tensor],
    numbers: Numbers,
) -> None:
    """Implement `services.pytorch.optimizers.kinds.Kind`."""
    rate, _ = numbers
    velocity = state[0].mul_(kind.momentum).add_(g) if state else g
    w.sub_(rate * (g + kind.momentum * velocity if kind.nesterov else velocity))
