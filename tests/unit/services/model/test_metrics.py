"""Loss and accuracy of logits, and of an epoch."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from twinrun.contract.losses import SoftmaxCrossEntropy

from services.model import metrics, order

LAW = settings(database=None, max_examples=50)
LOSS = SoftmaxCrossEntropy()


@st.composite
def answers(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    shape = draw(st.tuples(st.integers(1, 30), st.integers(2, 12)))
    values = st.floats(-50, 50, width=32)
    logits = draw(hnp.arrays(np.float32, shape, elements=values))
    labels = draw(hnp.arrays(np.int32, shape[0], elements=st.integers(0, shape[1] - 1)))
    return logits, labels


@LAW
@given(answers())
def test_loss_and_accuracy_are_those_of_the_formula(made: tuple[np.ndarray, np.ndarray]) -> None:
    logits, labels = made
    found = metrics.evaluate(logits, labels, LOSS)
    losses = [
        math.log(math.fsum(math.exp(float(z)) for z in row)) - float(row[label])
        for row, label in zip(logits, labels, strict=True)
    ]
    assert found.loss == pytest.approx(math.fsum(losses) / len(losses), rel=1e-9, abs=1e-9)
    right = sum(int(np.argmax(row)) == label for row, label in zip(logits, labels, strict=True))
    assert found.accuracy == right / len(labels)
    assert found.samples == len(labels)


@LAW
@given(answers(), st.randoms(use_true_random=False))
def test_the_order_of_samples_does_not_matter(made: tuple[np.ndarray, np.ndarray], random) -> None:
    logits, labels = made
    shuffled = random.sample(range(len(labels)), len(labels))
    one, two = (
        metrics.evaluate(logits, labels, LOSS),
        metrics.evaluate(logits[shuffled], labels[shuffled], LOSS),
    )
    assert two.loss == pytest.approx(one.loss, rel=1e-12, abs=1e-12)
    assert two.accuracy == one.accuracy


def test_huge_logits_neither_overflow_nor_lose_the_loss() -> None:
    logits = np.array([[3e38, -3e38], [0, 3e38]], np.float32)
    found = metrics.evaluate(logits, np.array([0, 0], np.int32), LOSS)
    assert found.loss == pytest.approx(float(np.float32(3e38)) / 2)
    assert found.accuracy == 0.5


def test_a_tie_goes_to_the_lower_class() -> None:
    logits = np.zeros((2, 4), np.float32)
    found = metrics.evaluate(logits, np.array([0, 1], np.int32), LOSS)
    assert found.accuracy == 0.5
    assert found.loss == pytest.approx(math.log(4))


@pytest.mark.parametrize("where", [0, 1])
def test_a_nan_makes_the_loss_nan_and_counts_as_wrong(where: int) -> None:
    logits = np.array([[2, 1], [2, 1]], np.float32)
    logits[0, where] = np.nan
    found = metrics.evaluate(logits, np.array([0, 0], np.int32), LOSS)
    assert math.isnan(found.loss)
    assert found.accuracy == 0.5


def test_infinite_logits_make_the_loss_nan_without_a_warning() -> None:
    logits = np.array([[np.inf, 1], [-np.inf, -np.inf]], np.float32)
    assert math.isnan(metrics.evaluate(logits, np.array([0, 0], np.int32), LOSS).loss)


@LAW
@given(st.lists(st.floats(0, 100), min_size=1, max_size=200), st.integers(1, 70))
def test_an_epochs_loss_is_the_mean_over_its_samples(losses: list[float], batch_size: int) -> None:
    starts = range(0, len(losses), batch_size)
    steps = np.array([np.mean(losses[start : start + batch_size]) for start in starts])
    sizes = order.batch_sizes(len(losses), batch_size, len(steps))
    found = metrics.mean_over_samples(steps, sizes)
    assert found == pytest.approx(np.mean(losses), rel=1e-12, abs=1e-12)


def test_an_epochs_loss_is_summed_in_double_precision() -> None:
    losses = np.full(100_000, 0.1, np.float32)
    found = metrics.mean_over_samples(losses, np.ones(100_000, np.int64))
    assert found == pytest.approx(float(np.float32(0.1)), rel=1e-12)


def test_a_nan_step_makes_the_epochs_loss_nan() -> None:
    assert math.isnan(metrics.mean_over_samples(np.array([1.0, np.nan]), np.array([2, 1])))
