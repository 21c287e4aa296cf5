"""float16: small slopes are kept by scaling the loss, which changes nothing else."""

import importlib
from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.enums import ActivationFunction, Execution, Precision, Recipe
from twinrun.contract.layers import Activation, Dense, Flatten
from twinrun.contract.optimizers import Adam, Optimizer, Sgd
from twinrun.contract.regularization import Clip, ClipByGlobalNorm

from services.errors import Unsupported
from tests.frameworks import jobs

LAYERS = (Flatten(), Dense(16), Activation(ActivationFunction.RELU), Dense(jobs.CLASSES))
SGD = Optimizer(Sgd(momentum=0.9), 0.05)
CLIPPED = replace(SGD, clip=Clip(ClipByGlobalNorm(2.0)))


@pytest.fixture(autouse=True)
def _products_round_once(name):
    """Skip where products in float16 round within their sums."""
    try:
        importlib.import_module(f"services.{name}.device").prepare(job_of())
    except Unsupported as error:
        pytest.skip(str(error))


def job_of(**changes):
    usual = {"layers": LAYERS, "optimizer": SGD, "precision": Precision.FLOAT16, "epochs": 2}
    return jobs.spec(**{**usual, **changes})


def trained(framework, job):
    run = jobs.train(framework, job)
    assert run.losses.dtype == np.float32
    assert {array.dtype for array in run.weights.values()} == {np.dtype(np.float32)}
    return run


@pytest.mark.parametrize("execution", jobs.UNCOMPILED)
@pytest.mark.parametrize(
    "changes",
    [{}, {"optimizer": CLIPPED}, {"accumulate_steps": 2}],
    ids=["plain", "clipped", "accumulated"],
)
def test_the_scale_is_undone_to_the_last_bit(framework, execution, changes):
    job = job_of(execution=execution, **changes)
    # Neither loses a slope of this model: a power of two moves no digit.
    runs = [trained(framework, replace(job, loss_scale=scale)) for scale in (256, 2048)]
    np.testing.assert_array_equal(*(run.losses for run in runs))
    for name, array in runs[0].weights.items():
        np.testing.assert_array_equal(array, runs[1].weights[name], name)
    wide = trained(framework, replace(job, precision=Precision.FLOAT32))
    off = np.abs(runs[0].losses / wide.losses - 1)
    assert 1e-6 < off.max() < 5e-3


def test_compiled_steps_scale_as_the_others_do(framework):
    found = []
    for execution in (Execution.DEFAULT, Execution.COMPILED):
        job = replace(job_of(execution=execution), epochs=1)
        found.append(trained(framework, jobs.in_one_graph(job)).losses)
    np.testing.assert_allclose(*found, rtol=5e-4)


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"loss_scale": 1}, False),
        ({}, True),
        ({"recipe": Recipe.IDIOMATIC}, True),
    ],
    ids=["1", "usual", "idiomatic"],
)
def test_a_scale_keeps_slopes_that_float16_cannot_hold(framework, changes, kept):
    """In the one step the slopes behind the last layer are below float16's smallest, 6e-8."""
    job = job_of(epochs=1, optimizer=Optimizer(Sgd(), 1.0), batch_size=jobs.SAMPLES, **changes)
    held = jobs.weights(job)
    held["layers.3.kernel"] *= 1e-6
    trainer = framework.Trainer(job, jobs.data(job.precision), held)
    list(trainer.train_epoch(0))
    moved = trainer.weights()["layers.1.kernel"] != held["layers.1.kernel"]
    assert moved.any() == kept


def test_slopes_that_are_too_large_are_not_skipped(framework):
    job = job_of(epochs=1, loss_scale=65536)
    data = jobs.data(job.precision)
    data = replace(data, train_images=data.train_images * np.float32(4000))
    trainer = framework.Trainer(job, data, jobs.weights(job))
    losses = np.concatenate([steps.losses for steps in trainer.train_epoch(0)])
    assert np.isfinite(losses[0])
    assert not np.isfinite(losses[-1])


@pytest.mark.parametrize("optimizer", [SGD, CLIPPED, Optimizer(Adam(), 0.01)])
def test_the_idiomatic_recipe_scales_as_its_users_do(framework, optimizer):
    losses = {}
    for precision in (Precision.FLOAT32, Precision.FLOAT16):
        job = job_of(recipe=Recipe.IDIOMATIC, precision=precision, optimizer=optimizer)
        made = framework.Trainer(job, jobs.data(precision), None)
        made.warm_up()
        taken = np.concatenate(
            [steps.losses for epoch in (0, 1) for steps in made.train_epoch(epoch)]
        )
        losses[precision] = taken
        assert made.evaluate().dtype == made.predictor(3)().dtype == np.float32
    wide, narrow = losses.values()
    off = np.abs(narrow / wide - 1)
    assert 1e-7 < off[:2].max() < 1e-2
    assert np.isfinite(narrow).all()
