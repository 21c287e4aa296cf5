"""Schedules, clipping and decay in the idiomatic recipe, as users of each framework have them."""

from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.enums import Decayed, Execution, Loop, Precision, Recipe
from twinrun.contract.optimizers import Optimizer, Sgd

from tests.frameworks import jobs, optimizer_formulas, reference
from tests.frameworks.optimizer_cases import CLIPS, FORMS, SCHEDULES, WHOLE


def test_the_idiomatic_recipe_follows_the_schedule_as_its_users_have_it(framework, name):
    spec = Optimizer(Sgd(), 0.5, SCHEDULES["cosine"])
    job = jobs.spec(
        optimizer=spec, layers=jobs.SHALLOW, recipe=Recipe.IDIOMATIC, precision=Precision.FLOAT32
    )
    trainer = framework.Trainer(job, jobs.data(job.precision), None)
    trainer.warm_up()
    list(trainer.train_epoch(0))
    if name == "pytorch":
        rate = trainer._optimizer.made.param_groups[0]["lr"]
    elif name == "jax":
        rate = next_rate(trainer)
    else:
        rate = float(trainer._model.optimizer.learning_rate)  # of the next step
    taken = 4 if name == "pytorch" else 5
    assert rate == pytest.approx(
        0.5 * optimizer_formulas.factor(spec.schedule, taken), rel=1e-5 if name == "jax" else 1e-6
    )  # of weights in float32


def next_rate(trainer):
    """Take one more step, of gradients of 1."""
    import jax  # noqa: PLC0415 - of one environment alone
    from flax import nnx  # noqa: PLC0415

    network = trainer._network
    ones = jax.tree.map(jax.numpy.ones_like, nnx.state(network, nnx.Param))
    before = trainer.weights()["layers.1.bias"]
    trainer._optimizer.update(network, ones)
    return (before - trainer.weights()["layers.1.bias"]).max()


def test_the_idiomatic_recipe_names_the_optimizer_that_users_know(framework, name):
    if name != "pytorch":
        pytest.skip("PyTorch's")
    job = jobs.spec(optimizer=WHOLE, layers=jobs.SHALLOW, recipe=Recipe.IDIOMATIC)
    trainer = framework.Trainer(job, jobs.data(), None)
    assert "; Adam epsilon 1e-08" in trainer.environment().precision_notes


@pytest.mark.parametrize("loop", Loop)
def test_the_idiomatic_recipe_takes_all_of_it_when_compiled_too(framework, loop):
    job = jobs.spec(optimizer=WHOLE, layers=jobs.SHALLOW, recipe=Recipe.IDIOMATIC, loop=loop)
    job = replace(job, execution=Execution.COMPILED, batch_size=jobs.SAMPLES)
    trainer = framework.Trainer(job, jobs.data(), jobs.weights(job))
    trainer.warm_up()
    losses = [loss for _ in range(12) for s in trainer.train_epoch(0) for loss in s.losses]
    assert losses[-1] < losses[0]


BITES = {clip: replace(made, kind=replace(made.kind, limit=0.02)) for clip, made in CLIPS.items()}


@pytest.mark.parametrize("loop", Loop)
@pytest.mark.parametrize(
    ("form", "clip"),
    # Keras's users have the decay in the gradient before it is clipped, as by a regularizer.
    [*((form, None) for form in FORMS), *(("DECOUPLED", clip) for clip in CLIPS)],
)
def test_the_idiomatic_recipe_clips_and_decays(framework, name, form, clip, loop):
    decayed = Decayed.KERNELS if clip else Decayed.ALL
    spec = Optimizer(Sgd(), 0.1, None, BITES.get(clip), FORMS[form], decayed)
    job = jobs.spec(optimizer=spec, layers=jobs.SHALLOW, recipe=Recipe.IDIOMATIC, loop=loop)
    execution = Execution.DEFAULT if name == "jax" else Execution.EAGER
    job = replace(job, batch_size=jobs.SAMPLES, execution=execution)
    data, trainer = jobs.data(), framework.Trainer(job, jobs.data(), jobs.weights(job))
    before = trainer.weights()
    list(trainer.train_epoch(0))
    batch = (data.train_images, data.train_labels, (0, 0))
    _, found = reference.gradients(job, before, [batch])
    assert max(np.abs(gradient).max() for gradient in found.values()) > 0.02
    wanted = {key: array.copy() for key, array in before.items()}
    optimizer_formulas.Optimizer(spec).update(wanted, found)
    for key, array in trainer.weights().items():  # PyTorch's own clipping has its 1e-6
        np.testing.assert_allclose(array, wanted[key], rtol=1e-6, atol=1e-6)
