"""What a user's Keras model keeps between its calls, beside Keras's own variables."""

from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.enums import Execution

from tests.frameworks import code_models as models

pytestmark = pytest.mark.usefixtures("only_in_tensorflow")

KEPT = """
import tensorflow as tf

class Fades(layers.Layer):
    def __init__(self):
        super().__init__()
        self.kept = tf.Variable(1.0, trainable=False)

    def call(self, x, training=False):
        if training:
            self.kept.assign(0.5 * self.kept)
        return x * ops.cast(self.kept, x.dtype)


def build():
    return keras.Sequential([
        keras.Input((6, 6, 2)), layers.Flatten(), layers.Dense(5), Fades(),
    ])
"""


def losses(trainer):
    return np.concatenate([steps.losses for steps in trainer.train_epoch(0)])


@pytest.mark.parametrize("execution", [Execution.DEFAULT, Execution.EAGER])
def test_a_warm_up_leaves_variables_of_tensorflows_own(framework, tmp_path, execution):
    build = models.written(tmp_path, KEPT)
    spec = replace(models.SPEC, execution=execution)
    data = models.data()
    batch = slice(spec.batch_size)
    traced = framework.trace(spec, data.train_images[batch], data.train_labels[batch], build, None)
    assert not any("random" in note for note in traced.model.notes)
    spec = models.paired(spec, traced)
    initial = models.named(traced, "initial")
    cold, warm = (framework.Trainer(spec, data, initial, build) for _ in range(2))
    warm.warm_up()
    np.testing.assert_array_equal(losses(cold), losses(warm))
