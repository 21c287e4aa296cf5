"""Where every step is compiled, a trial with details is another program: they differ by rounding.

XLA joins other operations where there are more of them. So it optimises here as users have it.
"""

import importlib
from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.enums import ActivationFunction, Precision
from twinrun.contract.initializers import Normal
from twinrun.contract.layers import (
    Activation,
    BatchNorm,
    Conv2d,
    Dense,
    Embedding,
    Flatten,
    GlobalAveragePool1d,
    LastStep,
    Lstm,
    MultiHeadAttention,
    PositionEmbedding,
)
from twinrun.contract.losses import NextTokenCrossEntropy
from twinrun.contract.optimizers import Optimizer, Sgd

from tests.each import of
from tests.frameworks import jobs

SAMPLES = 64  # four whole batches, one chunk: one program
AS_USERS_HAVE_IT = {
    "xla_backend_optimization_level": 3,
    "xla_llvm_disable_expensive_passes": False,
    "xla_cpu_use_fusion_emitters": True,
}
_CODES = Embedding(jobs.CLASSES, 6, Normal(0.5))
MODELS = {
    "dense": {"layers": jobs.layers(ActivationFunction.RELU, ActivationFunction.TANH)},
    "convolution, batch norm": {
        "layers": (
            Conv2d(8, size=2, use_bias=False),
            BatchNorm(),
            Activation(ActivationFunction.RELU),
            Flatten(),
            Dense(jobs.CLASSES),
        )
    },
    "lstm": {"layers": (_CODES, Lstm(7), LastStep(), Dense(jobs.CLASSES))},
    "attention": {
        "layers": (
            *(_CODES, PositionEmbedding(Normal(0.3))),
            # Or a key's bias stays zero but for rounding.
            MultiHeadAttention(2, causal=True, bias_initializer=Normal(0.2)),
            *(GlobalAveragePool1d(), Dense(jobs.CLASSES)),
        )
    },
    "embedding": {"layers": jobs.TOKENS, "loss": NextTokenCrossEntropy()},
}
# Of a number beside the largest of its array: a few units in the last place after eight steps.
ROUNDING = {Precision.FLOAT32: 2e-6, Precision.FLOAT64: 4e-15}


@pytest.fixture(autouse=True)
def _as_users_have_it(framework, name, monkeypatch):
    if not of(name).ALWAYS_COMPILED:
        pytest.skip("test_details holds it to the last bit, and compiled with one model")
    device = importlib.import_module(f"services.{name}.device")
    monkeypatch.setattr(device, "compiler_options", lambda _: AS_USERS_HAVE_IT)


def spec(model, precision, **changes):
    job = jobs.spec(**MODELS[model], precision=precision, epochs=2, **changes)
    return replace(job, optimizer=Optimizer(Sgd(0.9), 0.05))


def trained(framework, job):
    """The losses, and each array of the model, under the names that a failure shows."""
    data = jobs.data(job.precision, SAMPLES, job.loss, of_codes=jobs.of_codes(job))
    trainer = framework.Trainer(job, data, jobs.weights(job))
    chunks = [chunk for epoch in job.epoch_numbers for chunk in trainer.train_epoch(epoch)]
    return {"losses": np.concatenate([chunk.losses for chunk in chunks]), **trainer.weights()}


def assert_rounding_alone(found, wanted, precision):
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        near = ROUNDING[precision] * np.abs(array).max()
        np.testing.assert_allclose(found[name], array, rtol=0, atol=near, err_msg=name)


@pytest.mark.parametrize("precision", ROUNDING)
@pytest.mark.parametrize("model", MODELS)
def test_a_trial_that_tells_of_its_steps_takes_the_same_ones_but_for_rounding(
    framework, model, precision
):
    job = spec(model, precision)
    silent, telling = (
        trained(framework, replace(job, report_step_details=details)) for details in (False, True)
    )
    assert_rounding_alone(telling, silent, precision)


@pytest.mark.parametrize("precision", ROUNDING)
def test_steps_of_another_size_are_no_rounding(framework, precision):
    job = spec("dense", precision)
    silent = trained(framework, job)
    more = 1 + 50 * ROUNDING[precision]
    other = replace(job.optimizer, learning_rate=job.optimizer.learning_rate * more)
    telling = trained(framework, replace(job, optimizer=other, report_step_details=True))
    with pytest.raises(AssertionError, match="losses"):
        assert_rounding_alone(telling, silent, precision)
