"""Adam: TensorFlow's kernels have this formula, with AMSGrad too; the plan corrects the bias.

The kernels would correct for the powers of beta in the parameters' precision. The plan has already
done so more precisely, so the powers are passed as zero.
"""

import math
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from twinrun.contract.optimizers import Adam, AdamW

from services.tensorflow.optimizers.kinds import Factors, Numbers, Usual, as_tensor, too_large


def usual(kind: Adam | AdamW) -> Usual:
    """Implement `services.tensorflow.optimizers.kinds.Kind`."""
    return keras.optimizers.Adam, {
        "beta_1": kind.beta_1,
        "beta_2": kind.beta_2,
        "amsgrad": kind.amsgrad,
    }


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
    """Implement `services.tensorflow.optimizers.kinds.Kind`."""
    rate, epsilon = numbers
    names = ("m", "v", "vhat") if kind.amsgrad else ("m", "v")
    apply = (
        tf.raw_ops.ResourceApplyAdamWithAmsgrad if kind.amsgrad else tf.raw_ops.ResourceApplyAdam
    )
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
    rate, epsilon = numbers
    m = state[0].assign(kind.beta_1 * state[0] + (1 - kind.beta_1) * g)
    v = state[1].assign(kind.beta_2 * state[1] + (1 - kind.beta_2) * g * g)
    if kind.amsgrad:
        v = state[2].assign(tf.maximum(state[2], v))
    w.assign_sub(rate * m / (tf.sqrt(v) + epsilon))
