"""What users of Keras put into its optimizers."""

from typing import Any

import keras
import tensorflow as tf
from twinrun.contract.optimizers import Optimizer

from services.model.schedules import learning_rates


class Scheduled(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """The rates of a job's schedule; after its last step the last one stays."""

    def __init__(self, spec: Optimizer, steps: int) -> None:
        self._rates = tf.constant(learning_rates(spec, 0, steps), keras.config.floatx())

    def __call__(self, step: Any) -> tf.Tensor:
        return tf.gather(self._rates, tf.minimum(tf.cast(step, tf.int32), len(self._rates) - 1))
