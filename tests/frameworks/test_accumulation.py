"""A step averages the gradients of its batches by samples, and then clips and updates once."""

from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.enums import ActivationFunction, Execution, Loop, Recipe
from twinrun.contract.layers import Activation, BatchNorm, Dense, Dropout, Flatten
from twinrun.contract.optimizers import Optimizer, Sgd
from twinrun.contract.regularization import Clip, ClipByGlobalNorm
from twinrun.contract.schedules import Cosine, Schedule

from tests.frameworks import jobs, reference
from tests.frameworks.formulas import assert_same
from tests.frameworks.optimizer_cases import FORMS

LAYERS = (
    Flatten(),
    Dense(6, use_bias=False),
    BatchNorm(momentum=0.7),
    Activation(ActivationFunction.TANH),
    Dropout(0.3),
    Dense(jobs.CLASSES),
)
CLIPPED = Optimizer(Sgd(0.9), 0.1, Schedule(Cosine(8), 2), Clip(ClipByGlobalNorm(0.5)))
# Two whole steps of three batches; the last has two of eight samples and one of three.
JOB = jobs.spec(
    layers=LAYERS, optimizer=CLIPPED, batch_size=8, accumulate_steps=3, epochs=3, seed=11
)


@pytest.mark.parametrize("loop", Loop)
@pytest.mark.parametrize("execution", jobs.UNCOMPILED)
def test_a_step_is_one_update_by_all_of_its_batches(framework, execution, loop):
    job = replace(JOB, execution=execution, loop=loop, augmentation=jobs.AUGMENTATION)
    assert_same(framework, replace(job, report_every_steps=2, late_epoch=9))


def test_it_is_one_when_compiled(framework):
    job = replace(JOB, batch_size=30, execution=Execution.COMPILED, loop=Loop.CUSTOM, epochs=4)
    assert_same(framework, job)


def test_its_details_are_those_of_all_its_samples(framework):
    job = replace(JOB, report_step_details=True, epochs=1)
    data, weights = jobs.data(), jobs.weights(job)
    chunks = list(framework.Trainer(job, data, weights).train_epoch(0))
    wanted = reference.details(job, data, weights)
    for name in ("ordered_losses", "accuracies"):
        found = np.concatenate([getattr(chunk.details, name) for chunk in chunks])
        np.testing.assert_allclose(found, getattr(wanted, name), rtol=1e-12)
    for index, (name, norms) in enumerate(wanted.gradient_norms.items()):
        found = np.concatenate([chunk.details.gradient_norms[index].norms for chunk in chunks])
        np.testing.assert_allclose(found, norms, rtol=1e-10, err_msg=name)


def test_without_batch_norm_it_is_a_step_of_a_large_batch_but_for_rounding(framework):
    layers = tuple(layer for layer in LAYERS if not isinstance(layer, BatchNorm))
    apart = replace(JOB, layers=layers)
    large = replace(apart, batch_size=24, accumulate_steps=1)
    found, wanted = (jobs.train(framework, job) for job in (apart, large))
    np.testing.assert_allclose(found.losses, wanted.losses, rtol=1e-12)


@pytest.mark.parametrize("form", [None, "COUPLED", "DECOUPLED"])
@pytest.mark.parametrize("loop", Loop)
def test_the_idiomatic_recipe_accumulates_by_its_frameworks_own_means(framework, form, loop):
    """Over whole batches, of which each has the same share; the loop is by PyTorch's users."""
    decay = FORMS[form] if form else None
    clip = Clip(ClipByGlobalNorm(0.02 if form is None else 1e3))
    optimizer = Optimizer(Sgd(), 0.1, Schedule(Cosine(3)), clip, decay)
    job = jobs.spec(optimizer=optimizer, layers=jobs.SHALLOW, recipe=Recipe.IDIOMATIC, loop=loop)
    job = replace(job, batch_size=jobs.SAMPLES // 3 + 1, accumulate_steps=3)
    trainer = framework.Trainer(job, jobs.data(), jobs.weights(job))
    trainer.warm_up()
    (chunk,) = trainer.train_epoch(0)
    (second,) = trainer.train_epoch(1)
    data, whole = jobs.data(), replace(job, batch_size=jobs.SAMPLES, accumulate_steps=1, epochs=2)
    losses, weights = reference.train(whole, data, jobs.weights(job))
    # The last of the three batches has 21 samples for 23, and counts as much.
    np.testing.assert_allclose([*chunk.losses, *second.losses], losses, rtol=1e-3)
    for key, array in trainer.weights().items():
        np.testing.assert_allclose(array, weights[key], rtol=0.01, atol=2e-3)
