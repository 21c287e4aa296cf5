"""A batch norm in a user's Keras model: it sums as precisely as the other frameworks' do."""

from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.enums import Execution, Precision

from services.data.arrays import Data
from tests.frameworks import code_models as models

SIDE, SAMPLES = 40, 32
NET = """
def build():
    return keras.Sequential(
        [
            keras.Input((40, 40, 1)),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(momentum=0.0, epsilon=1e-5),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(5),
        ]
    )
"""

pytestmark = pytest.mark.usefixtures("only_in_tensorflow")


def data(dtype):
    """Bright squares on a plain background, as digits have one."""
    generator = np.random.default_rng(7)
    images = np.full((SAMPLES, SIDE, SIDE, 1), 0.3)
    images[:, 16:24, 16:24] = generator.uniform(0, 1, (SAMPLES, 8, 8, 1))
    images = images.astype(np.float32).astype(dtype)
    labels = generator.integers(0, 3, SAMPLES, dtype=np.int32)
    return Data(images, labels, images[:8], labels[:8], images, images[:8])


@pytest.mark.parametrize("execution", [Execution.DEFAULT, Execution.COMPILED])
def test_a_plain_background_costs_float32_no_digits(framework, tmp_path, execution):
    build = models.written(tmp_path, NET)
    exact = data(np.float64)
    spec = replace(models.job(), epochs=1, batch_size=SAMPLES)
    found = framework.trace(spec, exact.train_images, exact.train_labels, build, None)
    spec = models.paired(spec, found)
    rounded = replace(spec, precision=Precision.FLOAT32, execution=execution)
    initial = {name: a.astype(np.float32) for name, a in models.named(found, "initial").items()}

    def variance(job, dtype):
        start = {name: array.astype(dtype) for name, array in initial.items()}
        trainer = framework.Trainer(job, data(dtype), start, build)
        trainer.warm_up()
        list(trainer.train_epoch(0))
        (kept,) = (a for name, a in trainer.weights().items() if "moving_variance" in name)
        return kept

    right = variance(spec, np.float64)
    np.testing.assert_allclose(variance(rounded, np.float32), right, rtol=3e-6)
