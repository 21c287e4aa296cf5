"""RMSprop: by plain operations.

TensorFlow's kernels have the rate within the momentum, and epsilon inside the root only.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from twinrun.contract.enums import EpsilonPlace
from twinrun.contract.optimizers import RmsProp

from services.tensorflow.optimizers.kinds import Numbers


def kernel_factors(_: RmsProp, __: type[np.floating]) -> None:
    """Implement `services.tensorflow.optimizers.kinds.Kind`."""


def step(
    kind: RmsProp,
    w: tf.Variable,
    g: tf.Tensor,
    state: Sequence[tf.Variable],
    numbers: Numbers,
) -> None:
    """Implement `services.tensorflow.optimizers.kinds.Kind`."""
    rate, epsilon = numbers
    square = tf.convert_to_tensor(state[0].assign_add((g * g - state[0]) * (1 - kind.rho)))
    if kind.centered:
        mean = tf.convert_to_tensor(state[1].assign_add((g - state[1]) * (1 - kind.rho)))
        square = tf.maximum(square - mean * mean, 0)
    inside = kind.epsilon_place is EpsilonPlace.INSIDE
    moved = g / (tf.sqrt(square + epsilon) if inside else tf.sqrt(square) + epsilon)
    if kind.momentum:
        moved = state[-1].assign(kind.momentum * state[-1] + moved)
    w.assign_sub(rate * moved)


kernel = step
