"""A user's model of tokens: it gets whole numbers, and its logits have an axis of positions."""

from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.code import Code, CodeSource, CodeTensor
from twinrun.contract.enums import Recipe
from twinrun.contract.layers import Dense, Embedding
from twinrun.contract.losses import NextTokenCrossEntropy, SoftmaxCrossEntropy, targets
from twinrun.contract.spec import Arrays, Dataset

from services.errors import CodeFailed
from services.trial.code import _imported
from tests.frameworks import jobs

pytestmark = pytest.mark.usefixtures("takes_code")
SOURCES = {
    "pytorch": """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.out = nn.Embedding(6, 4), nn.Linear(4, 5)

    def forward(self, x):
        assert not x.is_floating_point()
        return self.out(self.table(x))

def build():
    return Net()
""",
    "tensorflow": """
import keras
from keras import layers

def build():
    x = inputs = keras.Input((None,), dtype="int32")
    x = layers.Embedding(6, 4, name="table")(x)
    return keras.Model(inputs, layers.Dense(5, name="out")(x))
""",
    "jax": """
from flax import nnx
import jax.numpy as jnp

class Net(nnx.Module):
    def __init__(self, rngs):
        self.table, self.out = nnx.Embed(6, 4, rngs=rngs), nnx.Linear(4, 5, rngs=rngs)

    def __call__(self, x):
        return self.out(self.table(x))

def build(rngs=nnx.Rngs(0)):
    return Net(rngs)
""",
}
LOSS = NextTokenCrossEntropy()
NAMES = {
    "table.table": "layers.0.table",
    "out.kernel": "layers.1.kernel",
    "out.bias": "layers.1.bias",
}
LAYERS = (Embedding(6, 4), Dense(5))


@pytest.fixture
def build(name, tmp_path):
    path = tmp_path / "users-code" / name / "net.py"
    path.parent.mkdir(parents=True)
    path.write_text(SOURCES[name])
    return lambda: _imported(path).build()


def spec(name, **changes):
    code = Code(**{name: CodeSource("net.py")})
    held = Arrays(
        *("0" * 64, 1, jobs.SAMPLES, jobs.TEST_SAMPLES, (jobs.TIME,), targets(LOSS), 5), codes=6
    )
    job = {"dataset": Dataset("file", arrays=held), "layers": (), "code": code, "loss": LOSS}
    return jobs.spec(**{**job, "epochs": 2, **changes})


def paired(framework, name, build):
    """Return the job with its model's own arrays, whose names are those of the same layers'."""
    data, job = jobs.data(loss=LOSS), spec(name)
    labels = data.train_labels[:8].astype(np.int64)
    traced = framework.trace(job, data.train_images[:8], labels, build, None)
    assert {tensor.key for tensor in traced.model.tensors} == set(NAMES)
    tensors = tuple(
        CodeTensor(NAMES[t.key], t.shape, trained=True, **{name: t.key})
        for t in traced.model.tensors
    )
    return replace(job, code=replace(job.code, tensors=tensors))


def losses_of(trainer, job):
    return np.concatenate(
        [chunk.losses for epoch in job.epoch_numbers for chunk in trainer.train_epoch(epoch)]
    )


def test_it_trains_as_the_same_layers_do(framework, name, build):
    job, data = paired(framework, name, build), jobs.data(loss=LOSS)
    layered = spec(name, layers=LAYERS, code=None)
    weights = jobs.weights(layered)
    code, layers = (
        framework.Trainer(job, data, weights, build),
        framework.Trainer(layered, data, weights),
    )
    np.testing.assert_allclose(losses_of(code, job), losses_of(layers, layered), rtol=1e-13)
    np.testing.assert_allclose(code.evaluate(), layers.evaluate(), rtol=1e-11, atol=1e-12)
    assert code.evaluate().shape == (jobs.TEST_SAMPLES, jobs.TIME, 5)
    for key, array in layers.weights().items():
        np.testing.assert_allclose(code.weights()[key], array, rtol=1e-11, atol=1e-13)


def test_idiomatic_it_learns(framework, name, build):
    data = jobs.data(loss=LOSS)
    job = replace(paired(framework, name, build), recipe=Recipe.IDIOMATIC, epochs=4)
    losses = losses_of(framework.Trainer(job, data, None, build), job)
    assert losses[-1] < losses[0]


def test_a_loss_of_one_class_refuses_an_axis_of_positions(framework, name, build):
    data = jobs.data(loss=LOSS)
    job = spec(name, loss=SoftmaxCrossEntropy(), dataset=jobs.DATASET)
    with pytest.raises(CodeFailed, match=r"net\.py:build .*\[(8|batch), 5\] is needed"):
        framework.trace(job, data.train_images[:8], np.zeros(8, np.int64), build, None)
