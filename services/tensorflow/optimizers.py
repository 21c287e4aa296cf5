"""The optimizers of job.proto: by TensorFlow's own kernels, and in plain operations.

`update` is for graphs and op by op: one kernel for each parameter, if it is fast there.
`update_plainly` is for XLA, which fuses plain operations with what comes before, and cannot look
into TensorFlow's kernels. A plan is a step's rate and epsilon, by `plan`.
"""

import math
from collections.abc import Iterable, Sequence
from typing import assert_never

import keras
import numpy as np
import tensorflow as tf
from twinrun.contract.enums import OwnWay
from twinrun.contract.optimizers import Adam, AdamW, Optimizer, Sgd
from twinrun.contract.spec import JobSpec

from services.model import optimizers as shared

Plan = tuple[tf.Tensor, tf.Tensor]
# On two threads of a CPU, Adam's kernel takes 45 µs for 100 values and for 10,000, plain operations
# 13 and 24 µs; at 30,000 it is 76 against 54, at 100,000 116 against 331. On one thread the kernel
# is the faster one at all sizes, as it is op by op.
_SHARED_WELL = 2**15


def idiomatic(spec: Optimizer) -> keras.optimizers.Optimizer:
    """Return the optimizer that users of Keras create: epsilon is left to Keras."""
    rate = spec.learning_rate
    match spec.kind:
        case Sgd(momentum):
            return keras.optimizers.SGD(rate, momentum=momentum)
        case Adam(beta_1, beta_2):
            return keras.optimizers.Adam(rate, beta_1=beta_1, beta_2=beta_2)
        case AdamW(beta_1, beta_2, _, weight_decay):
            return keras.optimizers.AdamW(
                rate, beta_1=beta_1, beta_2=beta_2, weight_decay=weight_decay
            )
        case _:
            assert_never(spec.kind)


def plan(spec: JobSpec, first: int, steps: int) -> shared.Plan:
    """Return steps' rates and epsilons: `services.model.optimizers.schedule`, or Keras's epsilon.

    Keras adds its epsilon before the bias correction: it is the same at every step.
    """
    rates, epsilons = shared.schedule(spec.optimizer, first, steps)
    if OwnWay.ADAM_EPSILON not in spec.own_ways:
        return rates, epsilons
    match spec.optimizer.kind:
        case Adam() | AdamW() as kind:
            own = not shared.sets_epsilon(spec.optimizer)
            epsilon = idiomatic(spec.optimizer).epsilon if own else kind.epsilon
            return rates, np.full(steps, epsilon)
        case Sgd():
            return rates, epsilons
        case _:
            assert_never(spec.optimizer.kind)


def slots(spec: Optimizer, parameters: Sequence[tf.Variable]) -> list[list[tf.Variable]]:
    """Return the state that an update keeps for each parameter, all zeros."""
    count = shared.slot_count(spec)
    return [[tf.Variable(tf.zeros_like(w)) for _ in range(count)] for w in parameters]


def kernel_plan(
    spec: Optimizer,
    plan: shared.Plan,
    dtype: type[np.floating],
) -> shared.Plan:
    """Return the ``plan`` of `services.model.optimizers.schedule`, for `update` in ``dtype``.

    Adam's kernel computes 1 - beta in the parameters' precision: in float32, 1 - 0.999 is too small
    by one part in 78,000, and so are both moments, which makes the frameworks diverge within about
    fifty steps. The moments are linear in that factor, so rate and epsilon can compensate for it.
    """
    rates, epsilons = plan
    of_m, of_v = _kernel_factors(spec, dtype)
    return rates * math.sqrt(of_v) / of_m, epsilons * math.sqrt(of_v)


def has_kernel(spec: Optimizer, dtype: type[np.floating]) -> bool:
    """Return whether `update` supports the spec: not a beta that ``dtype`` rounds to 1."""
    return 0 not in _kernel_factors(spec, dtype)


def _kernel_factors(spec: Optimizer, dtype: type[np.floating]) -> tuple[float, float]:
    """Return the factors by which the moments of Adam's kernel are too large."""
    match spec.kind:
        case Adam(beta_1, beta_2) | AdamW(beta_1, beta_2):
            of_m, of_v = ((1 - float(dtype(beta))) / (1 - beta) for beta in (beta_1, beta_2))
            return of_m, of_v
        case Sgd():
            return 1.0, 1.0
        case _:
            assert_never(spec.kind)


def update(
    spec: Optimizer,
    parameters: Sequence[tf.Variable],
    slots: Sequence[Sequence[tf.Variable]],
    gradients: Sequence[tf.Tensor | None],
    plan: Plan,
) -> None:
    """Run one step, in place, by kernels; what has no gradient stays as it is.

    In a graph, Adam's kernel shares even an array of ten values among the threads. What is smaller
    than _SHARED_WELL takes plain operations, with the kernel's rounding of 1 - beta.
    """
    rate, epsilon = plan
    for w, g, state in zip(parameters, gradients, slots, strict=True):
        if g is None:
            continue
        handles = [slot.handle for slot in state]
        match spec.kind:
            case Sgd(momentum) if momentum:
                tf.raw_ops.ResourceApplyMomentum(
                    var=w.handle, accum=handles[0], lr=rate, grad=g, momentum=_as(momentum, g)
                )
            case Sgd():
                tf.raw_ops.ResourceApplyGradientDescent(var=w.handle, alpha=rate, delta=g)
            case Adam(beta_1, beta_2) | AdamW(beta_1, beta_2):
                _decay(spec, w)
                if _is_shared_badly(w):
                    dtype = g.dtype.as_numpy_dtype
                    rests = (float(dtype(1) - dtype(beta)) for beta in (beta_1, beta_2))
                    _adam(w, g, state, rests, plan)
                    continue
                # The kernel would correct for the powers of beta in the parameters' precision.
                # The plan has already done so more precisely, so the powers are passed as zero.
                tf.raw_ops.ResourceApplyAdam(
                    var=w.handle,
                    m=handles[0],
                    v=handles[1],
                    beta1_power=_as(0.0, g),
                    beta2_power=_as(0.0, g),
                    lr=rate,
                    beta1=_as(beta_1, g),
                    beta2=_as(beta_2, g),
                    epsilon=epsilon,
                    grad=g,
                )
            case _:
                assert_never(spec.kind)


def update_plainly(
    spec: Optimizer,
    parameters: Sequence[tf.Variable],
    slots: Sequence[Sequence[tf.Variable]],
    gradients: Sequence[tf.Tensor | None],
    plan: Plan,
) -> None:
    """Run one step, in place, in plain operations; what has no gradient stays as it is."""
    rate, _ = plan
    for w, g, state in zip(parameters, gradients, slots, strict=True):
        if g is None:
            continue
        match spec.kind:
            case Sgd(momentum):
                velocity = state[0].assign(momentum * state[0] + g) if state else g
                w.assign_sub(rate * velocity)
            case Adam(beta_1, beta_2) | AdamW(beta_1, beta_2):
                _decay(spec, w)
                _adam(w, g, state, (1 - beta_1, 1 - beta_2), plan)
            case _:
                assert_never(spec.kind)


def _is_shared_badly(w: tf.Variable) -> bool:
    threads = tf.config.threading.get_intra_op_parallelism_threads()
    on_cpu, small = "CPU" in w.device, w.shape.num_elements() < _SHARED_WELL
    return small and on_cpu and threads != 1 and not tf.executing_eagerly()


def _adam(
    w: tf.Variable,
    g: tf.Tensor,
    state: Sequence[tf.Variable],
    rests: Iterable[float],
    plan: Plan,
) -> None:
    """Run Adam's step; ``rests`` are 1 - beta of both moments."""
    (rate, epsilon), (m, v) = plan, state
    of_m, of_v = rests
    new_m, new_v = m.assign_add((g - m) * of_m), v.assign_add((g * g - v) * of_v)
    w.assign_sub(rate * new_m / (tf.sqrt(new_v) + epsilon))


def _decay(spec: Optimizer, w: tf.Variable) -> None:
    """Apply AdamW's decoupled decay, rounded like PyTorch's kernel; nothing for other kinds."""
    if isinstance(spec.kind, AdamW):
        w.assign(w * (1 - spec.learning_rate * spec.kind.weight_decay))


def _as(number: float, like: tf.Tensor) -> tf.Tensor:
    return tf.constant(number, like.dtype)
