"""RMSprop: centered and with momentum too; epsilon on either side of the root."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from twinrun.contract.enums import EpsilonPlace
from twinrun.contract.optimizers import RmsProp

from services.jax.optimizers.kinds import Moved, Numbers, Usual


def usual(kind: RmsProp) -> Usual:
    """Implement `services.jax.optimizers.kinds.Kind`."""
    return "rmsprop", {
        "decay": kind.rho,
        "momentum": kind.momentum or None,
        "centered": kind.centered,
    }


def step(kind: RmsProp, g: jax.Array, state: Sequence[jax.Array], numbers: Numbers) -> Moved:
    """Implement `services.jax.optimizers.kinds.Kind`."""
    rate, epsilon = numbers
    square = state[0] + (g * g - state[0]) * (1 - kind.rho)
    after = [square]
    if kind.centered:
        mean = state[1] + (g - state[1]) * (1 - kind.rho)
        after.append(mean)
        square = jnp.maximum(square - mean * mean, 0)
    inside = kind.epsilon_place is EpsilonPlace.INSIDE
    moved = g / (jnp.sqrt(square + epsilon) if inside else jnp.sqrt(square) + epsilon)
    if kind.momentum:
        moved = kind.momentum * state[-1] + moved
        after.append(moved)
    return rate * moved, after
