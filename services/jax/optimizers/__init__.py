"""The optimizers of job.proto, in plain operations that XLA fuses with what comes before."""

from collections.abc import Sequence
from dataclasses import replace

import jax
import jax.numpy as jnp
from twinrun.contract.enums import EpsilonPlace, OwnWay
from twinrun.contract.optimizers import Adam, AdamW, Optimizer, RmsProp
from twinrun.contract.spec import JobSpec

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


def in_its_ways(spec: JobSpec) -> JobSpec:
    """Return the spec with Optax's epsilon, or its place, if its own ways have that.

    The default takes the place of the job's if that is the default here; RMSprop's is inside the
    root, Adam's where the job has it.
    """
    optimizer, kind, ways = spec.optimizer, spec.optimizer.kind, {*spec.own_ways}
    asked = OwnWay.RMSPROP_EPSILON if isinstance(kind, RmsProp) else OwnWay.ADAM_EPSILON
    if not isinstance(kind, Adam | AdamW | RmsProp) or not ways & {asked, OwnWay.EPSILON_PLACE}:
        return spec
    if asked in ways and not shared.sets_epsilon(optimizer):
        from services.jax.idiomatic.optimizers import own_epsilon  # noqa: PLC0415 - Optax

        kind = replace(kind, epsilon=own_epsilon(optimizer) or kind.epsilon)
    if isinstance(kind, RmsProp):
        kind = replace(kind, epsilon_place=EpsilonPlace.INSIDE)
    return replace(spec, optimizer=replace(optimizer, kind=kind))
