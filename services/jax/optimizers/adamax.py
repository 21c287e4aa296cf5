"""Adamax; the plan corrects the bias."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from twinrun.contract.optimizers import Adamax

from services.jax.optimizers.kinds import Moved, Numbers, Usual


def usual(kind: Adamax) -> Usual:
    """Implement `services.jax.optimizers.kinds.Kind`."""
    return "adamax", {"b1": kind.beta_1, "b2": kind.beta_2}


def step(kind: Adamax, g: jax.Array, state: Sequence[jax.Array], numbers: Numbers) -> Moved:
    """Implement `services.jax.optimizers.kinds.Kind`."""
    (rate, epsilon), (m, u) = numbers, state
    m = m + (g - m) * (1 - kind.beta_1)
    u = jnp.maximum(kind.beta_2 * u, jnp.abs(g))
    return rate * m / (u + epsilon), [m, u]
