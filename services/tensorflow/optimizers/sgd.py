"""SGD: TensorFlow's kernels have this formula."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from twinrun.contract.optimizers import Sgd

from services.tensorflow.optimizers.kinds import Factors, Numbers, as_tensor


def kernel_factors(_: Sgd, __: type[np.floating]) -> Factors:
    """Implement `services.tensorflow.optimizers.kinds.Kind`."""
    return 1.0, 1.0


def kernel(
    kind: Sgd,
    w: tf.Variable,
    g: tf.Tensor,
    state: Sequence[tf.Variable],
    numbers: Numbers,
) -> None:
    """Implement `services.tensorflow.optimizers.kinds.Kind`."""
    rate, _ = numbers
    if not state:
        tf.raw_ops.ResourceApplyGradientDescent(var=w.handle, alpha=rate, delta=g)
        return
    tf.raw_ops.ResourceApplyMomentum(
        var=w.handle,
        accum=state[0].handle,
        lr=rate,
        grad=g,
        momentum=as_tensor(kind.momentum, g),
        use_nesterov=kind.nesterov,
    )


def step(
    kind: Sgd,
    w: tf.Variable,
    g: tf.Tensor,
    state: Sequence[tf.Variable],
    numbers: Numbers,
) -> None:
    """Implement `services.tensorflow.optimizers.kinds.Kind`."""
    rate, _ = numbers
    velocity = state[0].assign(kind.momentum * state[0] + g) if state else g
    w.assign_sub(rate * (g + kind.momentum * velocity if kind.nesterov else velocity))
