"""The optimizers of job.proto: by TensorFlow's own kernels, and in plain operations.

`update` is for graphs and op by op: one kernel for each parameter, if it is fast there.
`update_plainly` is for XLA, which fuses plain operations with what comes before, and cannot look
into TensorFlow's kernels. A plan is a step's numbers, by `plan`.
"""

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf
from twinrun.contract.enums import EpsilonPlace, OwnWay
from twinrun.contract.optimizers import Adam, AdamW, Optimizer, RmsProp
from twinrun.contract.spec import JobSpec

from services.keras.optimizers import idiomatic
from services.model import optimizers as shared
from services.tensorflow.optimizers.clipping import clipped
from services.tensorflow.optimizers.kinds import KINDS, as_tensor

Plan = Sequence[tf.Tensor]  # a step's, in the order of `services.model.optimizers.Plan`


def in_its_ways(spec: JobSpec) -> JobSpec:
    """Return the spec with Keras's epsilon of RMSprop, or its place: inside the root.

    If its own ways have it. The default takes the place of the job's if that is the default here,
    and not only the place was asked. `plan` has Adam's.
    """
    optimizer, kind = spec.optimizer, spec.optimizer.kind
    asked = {OwnWay.RMSPROP_EPSILON, OwnWay.EPSILON_PLACE} & {*spec.own_ways}
    if not asked or not isinstance(kind, RmsProp):
        return spec
    sets = shared.sets_epsilon(optimizer) or OwnWay.RMSPROP_EPSILON not in asked
    # An optimizer that is made would begin TensorFlow before its threads are set.
    usual = inspect.signature(keras.optimizers.RMSprop).parameters["epsilon"].default
    epsilon = kind.epsilon if sets else float(usual)
    placed = replace(kind, epsilon=epsilon, epsilon_place=EpsilonPlace.INSIDE)
    return replace(spec, optimizer=replace(optimizer, kind=placed))


def plan(spec: JobSpec, first: int, steps: int) -> shared.Plan:
    """Return steps' numbers: `services.model.optimizers.schedule`, or Keras's epsilon for Adam.

    Keras adds its epsilon before the bias correction: it is the same at every step.
    """
    made, kind = shared.schedule(spec.optimizer, first, steps), spec.optimizer.kind
    asked = {OwnWay.ADAM_EPSILON, OwnWay.EPSILON_PLACE} & {*spec.own_ways}
    if not asked or not isinstance(kind, Adam | AdamW):
        return made
    own = OwnWay.ADAM_EPSILON in asked and not shared.sets_epsilon(spec.optimizer)
    epsilon = idiomatic(spec.optimizer, (), 1).epsilon if own else kind.epsilon
    return made._replace(epsilons=np.full(steps, epsilon))


def slots(spec: Optimizer, parameters: Sequence[tf.Variable]) -> list[list[tf.Variable]]:
    """Return the state that an update keeps for each parameter, as it starts."""
    return [
        [tf.Variable(tf.fill(w.shape, as_tensor(start, w))) for start in shared.starts(spec)]
        for w in parameters
    ]


def kernel_plan(spec: Optimizer, plan: shared.Plan, dtype: type[np.floating]) -> shared.Plan:
    """Return the ``plan`` of `services.model.optimizers.schedule`, for `update` in ``dtype``."""
    factors = KINDS[type(spec.kind)].kernel_factors(spec.kind, dtype)
    if factors is None:
        return plan
    of_rate, of_epsilon = factors
    return plan._replace(rates=plan.rates * of_rate, epsilons=plan.epsilons * of_epsilon)


def has_kernel(spec: Optimizer, dtype: type[np.floating]) -> bool:
    """Return whether `update` supports the spec: a formula of kernels, whose numbers they take."""
    return KINDS[type(spec.kind)].kernel_factors(spec.kind, dtype) is not None


def update(
    spec: Optimizer,
    parameters: Sequence[tf.Variable],
    slots: Sequence[Sequence[tf.Variable]],
    gradients: Sequence[tf.Tensor | None],
    plan: Plan,
) -> None:
    """Run one step, in place, by kernels; what has no gradient stays as it is."""
    given = zip(parameters, clipped(spec.clip, gradients), slots, strict=True)
    _run(KINDS[type(spec.kind)].kernel, spec, given, plan)


def update_plainly(
    spec: Optimizer,
    parameters: Sequence[tf.Variable],
    slots: Sequence[Sequence[tf.Variable]],
    gradients: Sequence[tf.Tensor | None],
    plan: Plan,
) -> None:
    """Run one step, in place, in plain operations; what has no gradient stays as it is."""
    given = zip(parameters, clipped(spec.clip, gradients), slots, strict=True)
    _run(KINDS[type(spec.kind)].step, spec, given, plan)


def _run(
    step: Callable[..., None],
    spec: Optimizer,
    given: Iterable[tuple[tf.Variable, tf.Tensor | None, Sequence[tf.Variable]]],
    plan: Plan,
) -> None:
    """Run one kind of ``step``; ``given``: parameters, gradients and slots."""
    rate, epsilon, kept = plan
    for w, g, state in given:
        if g is not None:
            step(spec.kind, w, _decayed(spec, w, g, kept), state, (rate, epsilon))


def _decayed(spec: Optimizer, w: tf.Variable, g: tf.Tensor, kept: tf.Tensor) -> tf.Tensor:
    """Return the gradient with the weight's decay in it, or apply the decay to the weight.

    It is rounded like PyTorch's kernel.
    """
    if shared.decays_apart(spec, w.shape):
        w.assign(w * kept)
    factor = shared.coupled(spec, w.shape)
    return g + factor * w if factor else g
