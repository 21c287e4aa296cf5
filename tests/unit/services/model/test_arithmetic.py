import dataclasses

import pytest
from twinrun.contract.enums import ActivationFunction, Precision
from twinrun.contract.layers import (
    Activation,
    AveragePool2d,
    BatchNorm,
    Branch,
    Concat,
    Conv2d,
    Dense,
    Flatten,
    MaxPool2d,
    Repeat,
    Residual,
)
from twinrun.contract.optimizers import Adam, Optimizer, Sgd
from twinrun.contract.spec import Dataset, JobSpec

from services.model import arithmetic, shapes
from services.model.weights import initial

RELU = Activation(ActivationFunction.RELU)
MLP = (Flatten(), Dense(128), RELU, Dense(64), RELU, Dense(10))


def job(kind=Adam()):  # noqa: B008 - frozen
    return JobSpec(Dataset("mnist"), MLP, Optimizer(kind), threads=1, batch_size=64)


def test_the_first_kernel_is_in_two_products_and_the_others_in_three():
    first, rest = 784 * 128, 128 * 64 + 64 * 10
    found = arithmetic.epoch_operations(job(), (28, 28, 1), 1000)
    assert found == 1000 * (2 * 2 * first + 3 * 2 * rest)


def test_a_kernel_of_images_is_laid_on_each_window_for_each_filter():
    model = (
        Conv2d(5, size=3, padding=1),
        Conv2d(7, size=2, stride=2),
        Flatten(),
        Dense(4),
    )
    asked = dataclasses.replace(job(), layers=model)
    first = (3 * 3 * 2) * (8 * 6 * 5)  # values of a window; windows and filters
    second = (2 * 2 * 5) * (4 * 3 * 7)
    last = (4 * 3 * 7) * 4
    found = arithmetic.epoch_operations(asked, (8, 6, 2), 10)
    assert found == 10 * (2 * 2 * first + 3 * 2 * (second + last))
    assert isinstance(found, float)


def test_of_a_sum_or_branches_each_kernel_that_has_the_sample_itself_is_in_two_products():
    def operations(*layers):
        asked = dataclasses.replace(job(), layers=(Flatten(), *layers))
        return arithmetic.epoch_operations(asked, (2, 2, 1), 1)

    square, last = 4 * 4, 4 * 10
    added = Residual((Dense(4), Dense(4)), (Dense(4),))
    assert operations(added, Dense(10)) == 2 * (2 * square + 3 * square + 2 * square + 3 * last)
    beside = Concat((Branch((Dense(4),)), Branch()))
    assert operations(beside, Dense(5)) == 2 * (2 * square + 3 * 8 * 5)
    assert operations(Residual((RELU,)), Dense(10)) == 2 * 2 * last
    assert operations(Residual((RELU,), (Dense(4),)), Dense(10)) == 2 * (2 * square + 3 * last)
    assert operations(Repeat(3, (Dense(4),)), Dense(10)) == 2 * (2 * square + 6 * square + 3 * last)


def test_the_optimizers_state_is_read_and_written_at_each_step_and_what_is_kept_too():
    model = (Flatten(), Dense(10, use_bias=False), BatchNorm())
    weights = initial(model, (2, 5, 1), 0, Precision.FLOAT32)
    images = 64 * 3136
    for kind, arrays in ((Sgd(), 1), (Sgd(0.9), 2), (Adam(), 3)):
        asked = dataclasses.replace(job(kind), layers=model)
        trained, kept = (10 * 10 + 10 + 10) * 4, (10 + 10) * 4
        assert arithmetic.epoch_bytes(asked, (2, 5, 1), weights, 3136, 5) == 5 * (
            2 * (arrays * trained + kept) + images
        )


@pytest.mark.parametrize(
    ("layer", "shape", "said"),
    [
        (MaxPool2d(4, 2), (6, 3, 1), "has a window of 4 pixels, but gets 6x3"),
        (AveragePool2d(4, 1), (3, 6, 1), "has a window of 4 pixels, but gets 3x6"),
        (Conv2d(2, size=9, stride=2, padding=1), (5, 8, 1), "of 9 pixels, but gets 7x10"),
    ],
)
def test_a_window_larger_than_its_image_is_refused_with_both_sizes(layer, shape, said):
    with pytest.raises(ValueError, match=said):
        shapes.output_shape(layer, shape)
