"""Layers beside the other framework's code: traced as code is, trained as in a job of layers."""

import functools
from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.code import Code, CodeSource, CodeTensor
from twinrun.contract.enums import Recipe
from twinrun.contract.layers import Dropout

from services.model import losses, shapes
from tests.frameworks import jobs

pytestmark = pytest.mark.usefixtures("takes_code")


def beside(job, name):
    """Return the job with code of the other framework alone."""
    other = {"pytorch": "tensorflow", "tensorflow": "pytorch", "jax": "pytorch"}[name]
    return replace(job, code=Code(**{other: CodeSource("net.py")}))


def traced(framework, job, build):
    data = jobs.data(job.precision)
    labels = losses.for_trainer(job.loss, data.train_labels[:6])
    return framework.trace(job, data.train_images[:6], labels, build, None)


@pytest.mark.parametrize("job", ["batch norms", "convolutions", "nests"])
def test_layers_train_as_a_module_as_they_do_by_themselves(framework, name, job):
    alone = jobs.JOBS[job]  # in code masks have other numbers, so that here nothing drops out
    alone = replace(
        alone,
        layers=jobs.changed(
            alone.layers, lambda each: Dropout(0.0) if isinstance(each, Dropout) else each
        ),
    )
    spec = beside(alone, name)
    build = functools.partial(framework.of_layers, spec)
    found = traced(framework, spec, build).model.tensors
    parameters = shapes.parameters(alone.layers, jobs.SHAPE)
    assert [each.shape for each in found] == [each.shape for each in parameters]
    named = dict(zip((p.name for p in parameters), found, strict=True))
    tensors = [CodeTensor(n, t.shape, t.trained, **{name: t.key}) for n, t in named.items()]
    spec = replace(spec, code=replace(spec.code, tensors=tuple(tensors)))
    wanted = jobs.train(framework, alone)
    trainer = framework.Trainer(spec, jobs.data(), jobs.weights(alone), build)
    trainer.warm_up()
    chunks = [chunk for epoch in spec.epoch_numbers for chunk in trainer.train_epoch(epoch)]
    made = np.concatenate([chunk.losses for chunk in chunks])
    np.testing.assert_allclose(made, wanted.losses, rtol=1e-12)
    np.testing.assert_allclose(trainer.evaluate(), wanted.logits, rtol=1e-9, atol=1e-12)
    weights = trainer.weights()
    assert weights.keys() == wanted.weights.keys()
    for array, values in wanted.weights.items():
        np.testing.assert_allclose(weights[array], values, rtol=1e-9, atol=1e-12, err_msg=array)


def test_a_trace_says_that_the_model_is_layers_and_where_it_drops(framework, name):
    spec = beside(jobs.JOBS["dropouts"], name)
    model = traced(framework, spec, functools.partial(framework.of_layers, spec)).model
    assert "The model is the workload's layers" in model.notes[0]
    assert [draw.rate for draw in model.draws] == [0.25, 0.3, 0.4, 0.9]


def test_users_batch_norms_have_the_jobs_epsilon_or_their_frameworks_own(framework, name):
    # Where the job has its own, 1e-5.
    default = {"pytorch": 1e-5, "tensorflow": 1e-3, "jax": 1e-5}[name]
    for recipe, epsilon in ((Recipe.MATCHED, 1e-5), (Recipe.IDIOMATIC, default)):
        spec = replace(beside(jobs.JOBS["batch norms"], name), recipe=recipe)
        layers = framework.of_layers(spec)
        parts = layers if name == "pytorch" else layers.layers
        own = [getattr(part, "eps", getattr(part, "epsilon", None)) for part in parts]
        assert [each for each in own if each] == [1e-3, epsilon, 0.1]
