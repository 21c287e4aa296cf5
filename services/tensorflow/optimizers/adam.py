"""Adam: TensorFlow's kernels have this formula, with AMSGrad too; the plan corrects the bias.

The kernels would correct for the powers of beta in the parameters' precision. The plan has already
done so more precisely, so the powers are passed as zero.
"""

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from twinrun.contract.optimizers import Adam, AdamW

from services.tensorflow.optimizers.kinds import Factors, Numbers, as_tensor, too_large

# On two threads of a CPU, Adam's kernel takes 45 µs for 100 values and for 10,000, plain operations
# 13 and 24 µs; at 30,000 it is 76 against 54, at 100,000 116 against 331. On one thread the kernel
# is the faster one at all sizes, as it is op by op.
_SHARED_WELL = 2**15


def kernel_factors(kind: Adam | AdamW, dtype: type[np.floating]) -> Factors | None:
    """Implement `services.tensorflow.optimizers.kinds.Kind`."""
    of_m, of_v = too_large(kind.beta_1, dtype), too_large(kind.beta_2, dtype)
    return (math.sqrt(of_v) / of_m, math.sqrt(of_v)) if of_m and of_v else None


def kernel(
    kind: Adam | AdamW,
    w: tf.Variable,
    g: tf.Tensor,
    state: Sequence[tf.Variable],
    numbers: Numbers,
) -> None:
    """Implement `services.tensorflow.optimizers.kinds.Kind`.

    In a graph, Adam's kernel shares even an array of ten values among the threads. What is smaller
    than _SHARED_WELL takes plain operations, with the kernel's rounding of 1 - beta.
    """
    ops, (rate, epsilon) = tf.raw_ops, numbers
    if not kind.amsgrad and _is_shared_badly(w):
        dtype = g.dtype.as_numpy_dtype
        of_m, of_v = (float(dtype(1) - dtype(beta)) for beta in (kind.beta_1, kind.beta_2))
        _plainly(w, g, state, numbers, (of_m, of_v))
        return
    apply = ops.ResourceApplyAdamWithAmsgrad if kind.amsgrad else ops.ResourceApplyAdam
    names = ("m", "v", "vhat")[: len(state)]
    apply(
        var=w.handle,
        **{name: slot.handle for name, slot in zip(names, state, strict=True)},
        beta1_power=as_tensor(0.0, g),
        beta2_power=as_tensor(0.0, g),
        lr=rate,
        beta1=as_tensor(kind.beta_1, g),
        beta2=as_tensor(kind.beta_2, g),
        epsilon=epsilon,
        grad=g,
    )


def step(
    kind: Adam | AdamW,
    w: tf.Variable,
    g: tf.Tensor,
    state: Sequence[tf.Variable],
    numbers: Numbers,
) -> None:
    """Implement `services.tensorflow.optimizers.kinds.Kind`."""
    _plainly(w, g, state, numbers, (1 - kind.beta_1, 1 - kind.beta_2))


def _is_shared_badly(w: tf.Variable) -> bool:
    threads = tf.config.threading.get_intra_op_parallelism_threads()
    on_cpu, small = "CPU" in w.device, w.shape.num_elements() < _SHARED_WELL
    return small and on_cpu and threads != 1 and not tf.executing_eagerly()


def _plainly(
    w: tf.Variable,
    g: tf.Tensor,
    state: Sequence[tf.Variable],
    numbers: Numbers,
    rests: tuple[float, float],
) -> None:
    """Run the step; ``rests`` are 1 - beta of both moments."""
    (rate, epsilon), (m, v, *largest) = numbers, state
    of_m, of_v = rests
    new_m, new_v = m.assign_add((g - m) * of_m), v.assign_add((g * g - v) * of_v)
    if largest:
        new_v = largest[0].assign(tf.maximum(largest[0], new_v))
    w.assign_sub(rate * new_m / (tf.sqrt(new_v) + epsilon))
