"""Adamax: TensorFlow's kernel has this formula; the plan corrects the bias."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from twinrun.contract.optimizers import Adamax

from services.tensorflow.optimizers.kinds import Factors, Numbers, as_tensor, too_large


def kernel_factors(kind: Adamax, dtype: type[np.floating]) -> Factors | None:
    """Implement `services.tensorflow.optimizers.kinds.Kind`."""
    of_m = too_large(kind.beta_1, dtype)
    return (1 / of_m, 1.0) if of_m else None


def kernel(
    kind: Adamax,
    w: tf.Variable,
    g: tf.Tensor,
    state: Sequence[tf.Variable],
    numbers: Numbers,
) -> None:
    """Implement `services.tensorflow.optimizers.kinds.Kind`."""
    rate, epsilon = numbers
    tf.raw_ops.ResourceApplyAdaMax(
        var=w.handle,
        m=state[0].handle,
        v=state[1].handle,
        beta1_power=as_tensor(0.0, g),
        lr=rate,
        beta1=as_tensor(kind.beta_1, g),
        beta2=as_tensor(kind.beta_2, g),
        epsilon=epsilon,
        grad=g,
    )


def step(
    kind: Adamax,
    w: tf.Variable,
    g: tf.Tensor,
    state: Sequence[tf.Variable],
    numbers: Numbers,
) -> None:
    """Implement `services.tensorflow.optimizers.kinds.Kind`."""
    rate, epsilon = numbers
    m = state[0].assign_add((g - state[0]) * (1 - kind.beta_1))
    u = state[1].assign(tf.maximum(kind.beta_2 * state[1], tf.abs(g)))
    w.assign_sub(rate * m / (u + epsilon))
