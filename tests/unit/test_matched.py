"""What the matched recipe asks of both frameworks alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matched import evaluate_batch
from services.spec import (
    Adam,
    Conv2d,
    Dataset,
    Dense,
    Device,
    Flatten,
    JobSpec,
    Optimizer,
    Precision,
)

LARGE = 8 * 2**20  # bytes


def job(*layers, **given):
    return JobSpec(Dataset("mnist"), layers, Optimizer(Adam(), 1e-3), threads=1, **given)


def wide(filters, **given):
    return job(Conv2d(filters, size=3, padding=1), Flatten(), Dense(10), **given)


@pytest.mark.parametrize(
    ("spec", "samples"),
    [
        (job(Flatten(), Dense(128), Dense(10)), 1024),
        (wide(32), 64),  # 100,352 bytes a sample
        (wide(32, precision=Precision.FLOAT64), 32),
        (wide(32, device=Device.CUDA), 1024),
        (wide(20_000), 1),
    ],
)
def test_evaluation_takes_as_many_samples_at_once_as_fit_below_what_is_large(spec, samples):
    assert evaluate_batch(spec, (28, 28, 1)) == samples


@given(st.integers(1, 2_000), st.tuples(*2 * [st.integers(3, 64)]))
def test_no_layer_is_large_and_with_twice_as_many_one_would_be(filters, size):
    found = evaluate_batch(wide(filters), (*size, 1))
    row = 4 * filters * size[0] * size[1]
    assert found * row < LARGE or found == 1
    assert 2 * found * row >= LARGE or found == 1024
