"""What a trainer holds, returns and leaves alone."""

import importlib
from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.enums import Execution

from services.errors import BadWeights
from tests.frameworks import jobs


@pytest.mark.parametrize("kind", ["adamw", "batch norms", "dropouts"])
@pytest.mark.parametrize("execution", jobs.EXECUTIONS)
def test_warming_up_changes_neither_parameters_nor_what_training_gives(framework, execution, kind):
    job = replace(jobs.JOBS[kind], execution=execution)
    if execution is Execution.COMPILED:  # twice, which takes seconds for each length of a batch
        job = jobs.in_one_graph(job)
    initial = jobs.weights(job)
    trainer = framework.Trainer(job, jobs.data(), initial)
    trainer.warm_up()
    for name, array in trainer.weights().items():
        np.testing.assert_array_equal(array, initial[name], strict=True)
    warm = [chunk.losses for epoch in job.epoch_numbers for chunk in trainer.train_epoch(epoch)]
    cold = jobs.train(framework, job, warm=False)
    np.testing.assert_array_equal(np.concatenate(warm), cold.losses)


def test_weights_come_back_as_they_were_given(framework):
    job = jobs.spec()
    given = {
        name: np.random.default_rng(3).normal(size=array.shape)
        for name, array in jobs.weights(job).items()
    }
    found = framework.Trainer(job, jobs.data(), given).weights()
    assert list(found) == list(given)
    for name, array in given.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


def test_training_leaves_what_it_was_given_as_it_was(framework):
    job = jobs.spec()
    data, given = jobs.data(), jobs.weights(job)
    kept = {name: array.copy() for name, array in given.items()}
    trainer = framework.Trainer(job, data, given)
    earlier = trainer.weights()
    list(trainer.train_epoch(0))
    for name, array in kept.items():
        np.testing.assert_array_equal(given[name], array)
        np.testing.assert_array_equal(earlier[name], array)
        assert not np.array_equal(trainer.weights()[name], array)
    np.testing.assert_array_equal(data.train_images, jobs.data().train_images)


def test_data_that_cannot_be_written_to_is_trained_on_alike(framework):
    job = jobs.spec(epochs=1)
    data, given = jobs.data(), jobs.weights(job)
    for array in (data.train_images, data.test_images, *given.values()):
        array.setflags(write=False)
    losses = np.concatenate(
        [chunk.losses for chunk in framework.Trainer(job, data, given).train_epoch(0)]
    )
    np.testing.assert_array_equal(losses, jobs.train(framework, job).losses)


@pytest.mark.parametrize("fault", ["missing", "left over", "misshapen"])
def test_weights_that_are_not_the_models_are_refused(framework, fault):
    job = jobs.spec()
    given = dict(jobs.weights(job))
    if fault == "missing":
        del given["layers.1.bias"]
    elif fault == "left over":
        given["layers.2.bias"] = np.zeros(6)
    else:
        given["layers.1.bias"] = np.zeros(7)
    with pytest.raises(BadWeights, match=r"layers\.1\.bias"):
        framework.Trainer(job, jobs.data(), given)


@pytest.mark.parametrize("execution", jobs.EXECUTIONS)
def test_losses_come_a_chunk_at_a_time_and_the_short_batch_alone(framework, execution):
    job = replace(jobs.UNEVEN, execution=execution)
    assert jobs.train(framework, job).chunk_lengths == [5, 3, 1]


def test_evaluation_gives_logits_of_every_test_sample_in_order(framework, monkeypatch):
    whole = jobs.train(framework, jobs.spec(epochs=1)).logits
    assert whole.dtype == np.float64
    assert whole.shape == (jobs.TEST_SAMPLES, jobs.CLASSES)
    monkeypatch.setattr("services.trial.matched.evaluate_batch", lambda *_: 4)  # of 11 samples
    in_parts = jobs.train(framework, jobs.spec(epochs=1)).logits
    np.testing.assert_allclose(in_parts, whole, rtol=1e-6)


def test_as_many_samples_are_predicted_as_are_asked_for(framework, name, monkeypatch):
    """This number determines how fast a framework seems to predict."""
    monkeypatch.setattr("services.trial.matched.evaluate_batch", lambda *_: 4)
    job = jobs.spec(execution=Execution.EAGER)
    trainer = framework.Trainer(job, jobs.data(), jobs.weights(job))
    model = importlib.import_module(f"services.{name}.model")
    logits, seen = model.logits, []

    def keep(layers, held, images, products, **given):
        seen.append(images.shape[0])
        return logits(layers, held, images, products, **given)

    monkeypatch.setattr(model, "logits", keep)
    for samples in (1, 8, jobs.TEST_SAMPLES):
        trainer.predictor(samples)()
    assert seen == [1, 8, jobs.TEST_SAMPLES]


def test_a_cpu_has_no_device_memory_to_report(framework):
    trainer = framework.Trainer(jobs.spec(), jobs.data(), jobs.weights(jobs.spec()))
    assert trainer.peak_device_memory_bytes() == 0
