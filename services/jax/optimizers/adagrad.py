"""Adagrad: epsilon is outside of the root."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from twinrun.contract.optimizers import Adagrad

from services.jax.optimizers.kinds import Moved, Numbers, Usual


def usual(kind: Adagrad) -> Usual:
    """Implement `services.jax.optimizers.kinds.Kind`."""
    return "adagrad", {"initial_accumulator_value": kind.initial_accumulator}


def step(_: Adagrad, g: jax.Array, state: Sequence[jax.Array], numbers: Numbers) -> Moved:
    """Implement `services.jax.optimizers.kinds.Kind`."""
    (rate, epsilon), total = numbers, state[0] + g * g
    return rate * g / (jnp.sqrt(total) + epsilon), [total]
