"""The optimizers of job.proto, in plain operations that XLA fuses with what comes before."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from twinrun.contract.optimizers import Optimizer

from services.jax.optimizers.clipping import clipped
from services.jax.optimizers.kinds import KINDS
from services.model import optimizers as shared

Slots = list[list[jax.Array]]  # what is kept for each parameter


def slots(spec: Optimizer, parameters: Sequence[jax.Array]) -> Slots:
    """Return the state that an update keeps for each parameter, as it starts."""
    return [[jnp.full_like(w, start) for start in shared.starts(spec)] for w in parameters]


def updated(
    spec: Optimizer,
    parameters: Sequence[jax.Array],
    slots: Slots,
    gradients: Sequence[jax.Array],
    plan: jax.Array,
) -> tuple[list[jax.Array], Slots]:
    """Return parameters and state after a step.

    ``plan`` [3]: the step's numbers, in the order of `services.model.optimizers.Plan`.
    """
    rate, epsilon, kept = plan
    step = KINDS[type(spec.kind)].step
    found, states = [], []
    for w, g, state in zip(parameters, clipped(spec.clip, gradients), slots, strict=True):
        start = w * kept if shared.decays_apart(spec, w.shape) else w
        factor = shared.coupled(spec, w.shape)
        slope = g + factor * start if factor else g
        moved, after = step(spec.kind, slope, state, (rate, epsilon))
        found.append(start - moved)
        states.append(after)
    return found, states
