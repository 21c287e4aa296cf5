"""Layers of sequences that no other job has."""

import pytest
from twinrun.contract.enums import Execution
from twinrun.contract.initializers import Normal
from twinrun.contract.layers import Conv1d, Dense, Embedding, LastStep, Lstm

from tests.frameworks import jobs, models
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
