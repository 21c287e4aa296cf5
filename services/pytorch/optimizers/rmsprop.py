"""RMSprop: PyTorch's own has this formula with epsilon outside, if gradients are not centered.

Centered, PyTorch takes the root of a difference that rounding may make negative.
"""

from collections.abc import Sequence

import torch
from twinrun.contract.enums import EpsilonPlace
from twinrun.contract.optimizers import RmsProp

from services.pytorch.optimizers.kinds import Numbers, Own


def own(kind: RmsProp) -> Own | None:
    """Implement `services.pytorch.optimizers.kinds.Kind`."""
    if kind.centered or kind.epsilon_place is EpsilonPlace.INSIDE:
        return None
    made, given = usual(kind)
    return made, {**given, "eps": kind.epsilon}


def usual(kind: RmsProp) -> Own:
    """Implement `services.pytorch.optimizers.kinds.Kind`."""
    return torch.optim.RMSprop, {
        "alpha": kind.rho,
        "momentum": kind.momentum,
        "centered": kind.centered,
    }


def step(
    kind: RmsProp,
    w: torch.Tensor,
    g: torch.Tensor,
    state: Sequence[torch.Tensor],
    numbers: Numbers,
) -> None:
    """Implement `services.pytorch.optimizers.kinds.Kind`."""
    rate, epsilon = numbers
    square = state[0].mul_(kind.rho).add_((1 - kind.rho) * g * g)
    if kind.centered:
        mean = state[1].mul_(kind.rho).add_((1 - kind.rho) * g)
        square = (square - mean * mean).clamp(min=0)
    inside = kind.epsilon_place is EpsilonPlace.INSIDE
    moved = g / ((square + epsilon).sqrt() if inside else square.sqrt() + epsilon)
    if kind.momentum:
        moved = state[-1].mul_(kind.momentum).add_(moved)
    w.sub_(rate * moved)
