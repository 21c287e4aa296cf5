"""SGD, with momentum too."""

from collections.abc import Sequence

import jax
from twinrun.contract.optimizers import Sgd

from services.jax.optimizers.kinds import Moved, Numbers


def step(kind: Sgd, g: jax.Array, state: Sequence[jax.Array], numbers: Numbers) -> Moved:
    """Implement `services.jax.optimizers.kinds.Kind`."""
    rate, _ = numbers
    if not state:
        return rate * g, []
    velocity = kind.momentum * state[0] + g
    return rate * (g + kind.momentum * velocity if kind.nesterov else velocity), [velocity]
