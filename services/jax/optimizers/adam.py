"""Adam, with AMSGrad too; the plan corrects the bias."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from twinrun.contract.optimizers import Adam, AdamW

from services.jax.optimizers.kinds import Moved, Numbers, Usual


def usual(kind: Adam) -> Usual:
    """Implement `services.jax.optimizers.kinds.Kind`."""
    return "amsgrad" if kind.amsgrad else "adam", {"b1": kind.beta_1, "b2": kind.beta_2}


def step(kind: Adam | AdamW, g: jax.Array, state: Sequence[jax.Array], numbers: Numbers) -> Moved:
    """Implement `services.jax.optimizers.kinds.Kind`."""
    (rate, epsilon), (m, v, *largest) = numbers, state
    m = m + (g - m) * (1 - kind.beta_1)
    v = v + (g * g - v) * (1 - kind.beta_2)
    largest = [jnp.maximum(each, v) for each in largest]
    moved = rate * m / (jnp.sqrt(largest[0] if largest else v) + epsilon)
    return moved, [m, v, *largest]
