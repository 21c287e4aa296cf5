"""A user's Keras model that casts to float32 does so in float64 where the job is in float64."""

from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.enums import Execution, Precision

from tests.frameworks import code_models as models

pytestmark = pytest.mark.usefixtures("only_in_tensorflow")

# As in many language models: a norm of the root mean square, in no fewer bits than float32.
LAYER = """
import tensorflow as tf

class Norm(layers.Layer):
    def call(self, x):
        y = {}
        y = y * ops.rsqrt(ops.mean(ops.square(y), -1, keepdims=True) + 1e-6)
        return ops.cast(y, self.compute_dtype)

def build():
    return keras.Sequential([keras.Input((6, 6, 2)), layers.Flatten(), Norm(), layers.Dense(5)])
"""
FUNCTIONAL = """
def build():
    x = inputs = keras.Input((6, 6, 2))
    x = layers.Flatten()(x)
    y = {}
    y = y * ops.rsqrt(ops.mean(ops.square(y), -1, keepdims=True) + 1e-6)
    return keras.Model(inputs, layers.Dense(5)(y))
"""
KERAS, TENSORFLOW = 'ops.cast(x, "float32")', "tf.cast(x, tf.float32)"
MIXED = "ops.cast(x, 'float32') * tf.fill([72], 2.0)"  # which is in float32


def losses(framework, tmp_path, text, **changes):
    build = models.written(tmp_path, text)
    data, job = models.data(), models.job()
    found = framework.trace(job, data.train_images[:4], data.train_labels[:4], build, None)
    job = replace(models.paired(job, found), epochs=1, **changes)
    dtype = np.float32 if job.precision is Precision.FLOAT32 else np.float64
    initial = {name: a.astype(dtype) for name, a in models.named(found, "initial").items()}
    if dtype is np.float32:
        data = replace(
            data,
            train_images=data.train_images.astype(dtype),
            test_images=data.test_images.astype(dtype),
        )
    trainer = framework.Trainer(job, data, initial, build)
    trainer.warm_up()
    return np.concatenate([steps.losses for steps in trainer.train_epoch(0)])


@pytest.mark.parametrize("execution", [Execution.DEFAULT, Execution.COMPILED])
@pytest.mark.parametrize(
    ("text", "cast"), [(LAYER, KERAS), (LAYER, TENSORFLOW), (FUNCTIONAL, KERAS)]
)
def test_in_float64_it_is_the_model_without_it(framework, tmp_path, text, cast, execution):
    found = losses(framework, tmp_path, text.format(cast), execution=execution)
    plain = losses(framework, tmp_path, text.format("x"))
    np.testing.assert_allclose(found, plain, rtol=1e-14)


def test_code_that_mixes_it_with_float32_of_its_own_runs_as_it_is(framework, tmp_path):
    found = losses(framework, tmp_path, LAYER.format(MIXED))
    plain = losses(framework, tmp_path, LAYER.format("x * 2.0"))
    np.testing.assert_allclose(found, plain, rtol=1e-6)
    assert np.any(found != plain)


def test_in_float32_nothing_is_another(framework, tmp_path):
    one, other = (
        losses(framework, tmp_path, LAYER.format(cast), precision=Precision.FLOAT32)
        for cast in (KERAS, "x")
    )
    np.testing.assert_array_equal(one, other)
