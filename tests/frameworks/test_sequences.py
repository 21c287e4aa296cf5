"""Layers of sequences that no other job has."""

import numpy as np
import pytest
from twinrun.contract.enums import Execution, Precision
from twinrun.contract.initializers import Normal
from twinrun.contract.layers import Conv1d, Dense, Embedding, Gru, LastStep, Lstm

from tests.frameworks import jobs, models, reference
from tests.frameworks.formulas import assert_same


def test_an_images_pixels_are_a_sequence(framework):
    assert_same(framework, jobs.spec(layers=models.PIXELS, epochs=10))


def test_a_recurrence_is_compiled_beside_a_kernel_that_is_not(framework, name):
    if name != "tensorflow":
        pytest.skip("TensorFlow's")
    table = Embedding(jobs.CLASSES, 4, Normal(0.5))
    layers = (table, Conv1d(3, size=2), Lstm(3), LastStep(), Dense(jobs.CLASSES))
    job = jobs.in_one_graph(jobs.spec(layers=layers, epochs=1, execution=Execution.COMPILED))
    assert_same(framework, job)


@pytest.mark.usefixtures("rounds_once")
@pytest.mark.parametrize("reset_after", [True, False])
def test_a_gru_of_rounded_products_is_near_the_formula(framework, reset_after):
    table = Embedding(jobs.CLASSES, 4, Normal(0.5), padding=models.PADDING)
    gru = Gru(5, bias_initializer=Normal(0.5), reset_after=reset_after)
    job = jobs.spec(precision=Precision.BFLOAT16, layers=(table, gru, LastStep(), Dense(5)))
    run = jobs.train(framework, job)
    data = jobs.data(job.precision, of_codes=True)
    losses, _ = reference.train(job, data, jobs.weights(job))
    assert run.losses.dtype == np.float32
    off = np.abs(run.losses / losses - 1)
    assert 1e-6 < off.max() < 2e-2
