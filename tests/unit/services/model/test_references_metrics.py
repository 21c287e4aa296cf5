"""Losses, accuracies, pixels and counts, held against sums of many digits."""

from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from twinrun.contract.enums import Precision
from twinrun.contract.layers import AveragePool2d, BatchNorm, Conv2d, Dense, Flatten, MaxPool2d
from twinrun.contract.losses import SoftmaxCrossEntropy
from twinrun.contract.optimizers import Adam, AdamW, Optimizer, Sgd
from twinrun.contract.spec import Dataset, JobSpec, Normalization, Synthetic

from services.data.datasets import load
from services.model import arithmetic, metrics, shapes
from services.model.weights import initial

DTYPES = [np.float32, np.float64]
LOSS = SoftmaxCrossEntropy()


def loss(row: np.ndarray, label: int) -> Decimal:
    """-log softmax, with 50 digits."""
    with localcontext(prec=50):
        values = [Decimal(float(z)) for z in row]
        greatest = max(values)
        return greatest + sum((z - greatest).exp() for z in values).ln() - values[label]


def assert_formula(logits: np.ndarray, labels: list[int]) -> None:
    found = metrics.evaluate(logits, np.array(labels, np.int32), LOSS)
    with localcontext(prec=50):
        losses = [loss(row, label) for row, label in zip(logits, labels, strict=True)]
        mean = sum(losses) / len(losses)
    assert found.loss == pytest.approx(float(mean), rel=1e-13, abs=1e-15)
    right = [list(row).index(max(row)) == label for row, label in zip(logits, labels, strict=True)]
    assert found.accuracy == sum(right) / len(right)
    assert found.samples == len(labels)
    assert (type(found.loss), type(found.accuracy)) == (float, float)  # as a message has them


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [1e-30, 1e-8, 1.0, 30.0, 700.0, 800.0, 1e4, 1e30])
def test_logits_of_any_size_have_the_loss_and_accuracy_of_the_formula(dtype, size):
    logits = np.random.default_rng(1).normal(size=(40, 7), scale=size).astype(dtype)
    assert_formula(logits, [place % 7 for place in range(40)])


@pytest.mark.parametrize("dtype", DTYPES)
def test_ties_at_every_place_go_to_the_first(dtype):
    rows = [[2, 2, 2], [1, 2, 2], [2, 1, 2], [2, 2, 1], [-1, -1, -1], [0, -0.0, 0]]
    logits = np.array([row for row in rows for _ in range(3)], dtype)
    assert_formula(logits, [0, 1, 2] * len(rows))


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_sure_answer_costs_nothing_and_a_surely_wrong_one_its_distance(dtype):
    logits = np.array([[1000, 0, -1000]] * 3, dtype)
    assert_formula(logits, [0, 1, 2])
    assert metrics.evaluate(logits[:1], np.array([0], np.int32), LOSS).loss == 0
    assert metrics.evaluate(logits[:1], np.array([2], np.int32), LOSS).loss == 2000


def test_float32_logits_are_widened_before_anything_is_summed():
    logits = np.random.default_rng(2).normal(size=(500, 10)).astype(np.float32)
    assert_formula(logits, [0] * 500)


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_epochs_mean_weighs_each_step_by_its_samples(dtype):
    values = np.random.default_rng(3).normal(size=41).astype(dtype)
    sizes = np.array([64] * 40 + [17])
    weighed = sum(Fraction(float(v)) * int(n) for v, n in zip(values, sizes, strict=True))
    found = metrics.mean_over_samples(values, sizes)
    assert found == pytest.approx(float(weighed / int(sizes.sum())), rel=1e-13)
    assert type(found) is float


# -------------------------------------------------------------------------------------- pixels


@pytest.mark.parametrize("precision", Precision)
@pytest.mark.parametrize(("mean", "std"), [(0.5, 0.5), (0.1307, 0.3081), (-3.0, 0.01)])
def test_each_of_256_pixels_is_normalised_in_float64_and_rounded_once(precision, mean, std):
    made = Synthetic(1_500, 1_100, height=4, width=3, channels=1, classes=3)
    dataset = Dataset("synthetic", normalization=Normalization(mean, std), synthetic=made)
    spec = JobSpec(
        dataset, (Flatten(), Dense(3)), Optimizer(Adam()), threads=1, precision=precision
    )
    data = load(spec, Path("unused"), print).data
    exact = [(Fraction(p, 255) - Fraction(mean)) / Fraction(std) for p in range(256)]
    table = np.array([float(value) for value in exact])
    for images, pixels in (
        (data.train_images, data.train_pixels),
        (data.test_images, data.test_pixels),
    ):
        assert len(np.unique(pixels)) > 240
        if precision is Precision.FLOAT64:
            np.testing.assert_allclose(images, table[pixels], rtol=1e-14, atol=1e-15 / std)
        else:
            np.testing.assert_array_equal(images, table.astype(np.float32)[pixels], strict=True)


# -------------------------------------------------------------------------------------- counts

IMAGES = (9, 7, 2)
WINDOWED = (
    Conv2d(3, size=3, stride=2, padding=1),
    MaxPool2d(2, stride=1),
    BatchNorm(),
    AveragePool2d(2),
    Flatten(),
    Dense(5, use_bias=False),
    Dense(3),
)


def windows(side: int, size: int, stride: int, padding: int = 0) -> int:
    """Places at which a window lies wholly within the padded side, counted."""
    padded = side + 2 * padding
    return sum(1 for start in range(0, padded, stride) if start + size <= padded)


def test_shapes_are_those_of_windows_that_are_counted():
    found = shapes.output_shapes(WINDOWED, IMAGES)
    conv = windows(9, 3, 2, 1), windows(7, 3, 2, 1), 3
    pool = windows(conv[0], 2, 1), windows(conv[1], 2, 1), 3
    mean = windows(pool[0], 2, 2), windows(pool[1], 2, 2), 3
    flat = mean[0] * mean[1] * 3
    assert found == [conv, pool, pool, mean, (flat,), (5,), (3,)]


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_windows_of_any_size_stride_and_padding_are_counted_right(size, stride, padding):
    made = shapes.output_shape(Conv2d(4, size, stride, padding), IMAGES)
    assert made == (windows(9, size, stride, padding), windows(7, size, stride, padding), 4)


def test_operations_are_those_of_products_that_are_counted_one_by_one():
    spec = JobSpec(Dataset("mnist"), WINDOWED, Optimizer(Adam()), threads=1)
    kernel = 3 * 3 * 2 * 3  # multiplications at each place of the convolution
    conv = windows(9, 3, 2, 1) * windows(7, 3, 2, 1) * kernel
    flat = shapes.output_shapes(WINDOWED, IMAGES)[4][0]
    wanted = 2 * conv * 2 + 2 * flat * 5 * 3 + 2 * 5 * 3 * 3
    assert arithmetic.epoch_operations(spec, IMAGES, 11) == 11 * wanted


@pytest.mark.parametrize(("kind", "arrays"), [(Sgd(), 1), (Sgd(0.5), 2), (Adam(), 3), (AdamW(), 3)])
@pytest.mark.parametrize("precision", [Precision.FLOAT32, Precision.FLOAT64])
def test_bytes_are_those_of_arrays_that_are_counted_one_by_one(kind, arrays, precision):
    held = initial(WINDOWED, IMAGES, 0, precision)
    size = 8 if precision is Precision.FLOAT64 else 4
    moving = 2 * 3 * size
    trained = sum(array.nbytes for array in held.values()) - moving
    spec = JobSpec(Dataset("mnist"), WINDOWED, Optimizer(kind), threads=1, batch_size=8)
    step = 2 * (arrays * trained + moving) + 8 * 100
    assert arithmetic.epoch_bytes(spec, IMAGES, held, 100, 7) == 7 * step
