"""What the matched recipe asks of both frameworks alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinrun.contract.enums import Device, Precision
from twinrun.contract.layers import BatchNorm, Conv2d, Dense, Flatten
from twinrun.contract.optimizers import Adam, Optimizer
from twinrun.contract.spec import Dataset, JobSpec

from services.errors import BadWeights
from services.trial.matched import evaluate_batch, held, ordered, trained

LARGE = 8 * 2**20  # bytes


def job(*layers, **given):
    return JobSpec(Dataset("mnist"), layers, Optimizer(Adam(), 1e-3), threads=1, **given)


def wide(filters, **given):
    return job(Conv2d(filters, size=3, padding=1), Flatten(), Dense(10), **given)


@pytest.mark.parametrize(
    ("spec", "samples"),
    [
        (job(Flatten(), Dense(128), Dense(10)), 1024),
        (job(Flatten(), Dense(2047), Dense(10)), 1024),
        (job(Flatten(), Dense(2048), Dense(10)), 512),  # 8 MiB of 1024 samples is large
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


NORMALISED = job(Conv2d(2, use_bias=False), BatchNorm(), Flatten(), Dense(3))
SHAPES = {
    "layers.0.kernel": (3, 3, 1, 2),
    "layers.1.gamma": (2,),
    "layers.1.beta": (2,),
    "layers.1.moving_mean": (2,),
    "layers.1.moving_variance": (2,),
    "layers.3.kernel": (8, 3),
    "layers.3.bias": (3,),
}


def arrays():
    return {name: np.full(shape, i) for i, (name, shape) in enumerate(SHAPES.items())}


def test_weights_in_any_order_come_in_the_models():
    backwards = dict(reversed(arrays().items()))
    found = ordered(NORMALISED, (4, 4, 1), backwards)
    assert list(found) == list(SHAPES)
    assert all(found[name] is array for name, array in backwards.items())


@pytest.mark.parametrize("fault", ["missing", "misshapen", "left over"])
def test_weights_that_do_not_fit_are_refused(fault):
    given = arrays()
    if fault == "missing":
        del given["layers.3.bias"]
    else:
        given["layers.3.bias" if fault == "misshapen" else "layers.4.bias"] = np.zeros(4)
    with pytest.raises(BadWeights, match="parameters are"):
        ordered(NORMALISED, (4, 4, 1), given)


def test_moving_statistics_are_kept_and_all_else_is_trained():
    names = [name for name in SHAPES if "moving" not in name]
    assert trained(NORMALISED, (4, 4, 1)) == names
    found = held(names, arrays())
    assert [array.flat[0] for array in found.trained] == [0, 1, 2, 5, 6]
    assert [array.flat[0] for array in found.kept] == [3, 4]
