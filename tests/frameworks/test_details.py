"""What a certificate needs beyond a timed trial: details of each step, and a late epoch."""

from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.enums import Execution, Loop, Precision
from twinrun.contract.optimizers import Adam, AdamW, Optimizer, Sgd

from tests.each import of
from tests.frameworks import jobs, reference
from tests.frameworks.formulas import assert_same

KINDS = ["dropouts", "batch norms", "convolutions", "adamw", "sgd with momentum"]


@pytest.mark.parametrize("precision", [Precision.FLOAT32, Precision.FLOAT64])
@pytest.mark.parametrize("execution", jobs.UNCOMPILED)
@pytest.mark.parametrize("kind", KINDS)
def test_a_trial_that_tells_of_its_steps_takes_the_same_ones_to_the_last_bit(
    framework, name, kind, execution, precision
):
    if of(name).ALWAYS_COMPILED:
        pytest.skip("its steps are compiled, for which the next tests hold")
    job = replace(jobs.JOBS[kind], execution=execution, precision=precision)
    silent, telling = (
        jobs.train(framework, replace(job, report_step_details=details))
        for details in (False, True)
    )
    np.testing.assert_array_equal(telling.losses, silent.losses, strict=True)
    np.testing.assert_array_equal(telling.logits, silent.logits, strict=True)
    for key, array in silent.weights.items():
        np.testing.assert_array_equal(telling.weights[key], array, strict=True)


@pytest.mark.parametrize("precision", [Precision.FLOAT32, Precision.FLOAT64])
def test_compiled_it_takes_the_same_ones_but_for_rounding(framework, precision):
    """A compiler may join other operations where there are more of them."""
    job = jobs.spec(
        layers=jobs.SHALLOW,
        batch_size=jobs.SAMPLES,
        execution=Execution.COMPILED,
        precision=precision,
    )
    silent, telling = (
        jobs.train(framework, replace(job, report_step_details=details))
        for details in (False, True)
    )
    rounding = 1e-5 if precision is Precision.FLOAT32 else 1e-13
    np.testing.assert_allclose(telling.losses, silent.losses, rtol=rounding)


@pytest.mark.parametrize("loop", Loop)
@pytest.mark.parametrize("execution", jobs.UNCOMPILED)
@pytest.mark.parametrize("kind", [Sgd(), Sgd(0.9), Adam(), AdamW()], ids=str)
def test_a_late_epoch_has_the_batches_and_the_count_of_steps_of_a_long_job(
    framework, kind, execution, loop
):
    optimizer = Optimizer(kind, 0.02)
    job = jobs.spec(optimizer=optimizer, execution=execution, loop=loop, epochs=3, late_epoch=40)
    assert_same(framework, job)


def test_a_late_epoch_of_a_compiled_job_has_them_too(framework):
    job = replace(jobs.JOBS["adamw"], execution=Execution.COMPILED, late_epoch=40)
    assert_same(framework, job)


def test_masks_and_images_of_a_late_epoch_are_those_of_that_epoch(framework):
    for kind in ("dropouts", "augmented, chunks of uneven length"):
        assert_same(framework, replace(jobs.JOBS[kind], late_epoch=9))


def test_the_count_of_steps_matters_to_what_is_tested_here():
    """Otherwise the tests above could not fail."""
    job = jobs.spec(optimizer=Optimizer(Adam(), 0.02), epochs=3)
    late, early = (
        reference.train(replace(job, late_epoch=epoch), jobs.data(), jobs.weights(job))[0]
        for epoch in (40, None)
    )
    assert np.abs(late[-4:] / early[-4:] - 1).max() > 1e-3


@pytest.mark.parametrize("execution", jobs.UNCOMPILED)
@pytest.mark.parametrize("precision", [Precision.FLOAT32, Precision.FLOAT64])
def test_a_predictor_brings_the_logits_of_the_evaluation(framework, execution, precision):
    job = replace(jobs.JOBS["batch norms"], execution=execution, precision=precision)
    trainer = framework.Trainer(job, jobs.data(precision), jobs.weights(job))
    list(trainer.train_epoch(0))
    logits = trainer.evaluate()
    for samples in (1, 3, jobs.TEST_SAMPLES):
        found = trainer.predictor(samples)()
        rounding = 1e-5 if precision is Precision.FLOAT32 else 1e-13
        np.testing.assert_allclose(found, logits[:samples], rtol=rounding, atol=rounding)
