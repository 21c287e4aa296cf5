"""Adagrad: TensorFlow's second kernel has this formula; Keras has epsilon inside the root."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from twinrun.contract.optimizers import Adagrad

from services.tensorflow.optimizers.kinds import Factors, Numbers


def kernel_factors(_: Adagrad, __: type[np.floating]) -> Factors:
    """Implement `services.tensorflow.optimizers.kinds.Kind`."""
    return 1.0, 1.0


def kernel(
    _: Adagrad,
    w: tf.Variable,
    g: tf.Tensor,
    state: Sequence[tf.Variable],
    numbers: Numbers,
) -> None:
    """Implement `services.tensorflow.optimizers.kinds.Kind`."""
    rate, epsilon = numbers
    tf.raw_ops.ResourceApplyAdagradV2(
        var=w.handle, accum=state[0].handle, lr=rate, epsilon=epsilon, grad=g
    )


def step(
    _: Adagrad,
    w: tf.Variable,
    g: tf.Tensor,
    state: Sequence[tf.Variable],
    numbers: Numbers,
) -> None:
    """Implement `services.tensorflow.optimizers.kinds.Kind`."""
    rate, epsilon = numbers
    w.assign_sub(rate * g / (tf.sqrt(state[0].assign_add(g * g)) + epsilon))
