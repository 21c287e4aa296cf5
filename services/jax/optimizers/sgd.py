"""SGD, with momentum too."""

from collections.abc import Sequence

import jax
from twinrun.contract.optimizers import Sgd

from services.jax.optimizers.kinds import Moved, Numbers, Usual


def usual(kind: Sgd) -> Usual:
    """Implement `services.jax.optimizers.kinds.Kind`."""
    return "sgd", {"momentum": kind.momentum or None, "nesterov": kind.nesterov}


def step(kind: Sgd, g: jax.Array, state: Sequence[jax.Array], numbers: Numbers) -> Moved:
    """Implement `services.jax.optimizers.kinds.Kind`."""
    rate, _ = numbers
    if not state:
        return rate * g, []
    velocity = kind.momentum * state[0] + g
    return rate * (g + kind.momentum * velocity if kind.nesterov else velocity), [velocity]
