"""The losses of evaluations, against plain Python."""

import math
import warnings

import numpy as np
import pytest
from twinrun.contract.enums import ClassWeightsDivisor
from twinrun.contract.losses import (
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)

from services.model import losses

LOGITS = np.array([[0.3, -1.2, 2.0], [1.5, 0.1, -0.4], [-0.7, 0.9, 0.8], [0.0, 3.0, -3.0]])
LABELS = np.array([2, 1, 1, 0], np.int32)
NUMBERS = np.array([[1 / 3, 0.1, 2.7], [1.2, 0.0, 1.1], [5.3, 0.9, -4.1], [0.7, 2.5, 1 / 7]])
FLAGS = (NUMBERS > 1).astype(np.float64)
WEIGHTS = (0.5, 2.0, 3.5)


def softmax(smoothing, weights):
    """Each sample's loss."""
    found = []
    for z, label in zip(LOGITS.tolist(), LABELS.tolist(), strict=True):
        logs = [math.log(sum(map(math.exp, z))) - each for each in z]
        loss = (1 - smoothing) * logs[label] + smoothing * sum(logs) / len(logs)
        found.append(loss * (weights[label] if weights else 1))
    return found


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weights", [(), WEIGHTS])
@pytest.mark.parametrize("divisor", ClassWeightsDivisor)
def test_softmax_cross_entropy(smoothing, weights, divisor):
    loss = SoftmaxCrossEntropy(smoothing, weights, divisor)
    by_weight = weights and divisor is ClassWeightsDivisor.WEIGHTS
    count = sum(weights[label] for label in LABELS) if by_weight else len(LABELS)
    found = losses.mean(loss, LOGITS, LABELS)
    assert found == pytest.approx(sum(softmax(smoothing, weights)) / count, rel=1e-14)
    assert type(found) is float


def sigmoid(z, y):
    p = 1 / (1 + math.exp(-z))
    return -(2.5 * y * math.log(p) + (1 - y) * math.log(1 - p))


def huber(z, y):
    size = abs(z - y)
    return size**2 / 2 if size <= 0.8 else 0.8 * (size - 0.4)


@pytest.mark.parametrize(
    ("loss", "targets", "each"),
    [
        (SigmoidCrossEntropy(2.5), FLAGS, sigmoid),
        (MeanSquaredError(), NUMBERS, lambda z, y: (z - y) ** 2),
        (MeanAbsoluteError(), NUMBERS, lambda z, y: abs(z - y)),
        (Huber(0.8), NUMBERS, huber),
    ],
)
def test_losses_of_numbers_and_flags_are_means_over_all_outputs(loss, targets, each):
    pairs = zip(LOGITS.ravel().tolist(), targets.ravel().tolist(), strict=True)
    expected = sum(each(z, y) for z, y in pairs) / LOGITS.size
    assert losses.mean(loss, LOGITS, targets) == pytest.approx(expected, rel=1e-14)


def test_trainers_get_classes_as_int64_and_other_targets_as_they_are():
    assert losses.for_trainer(SoftmaxCrossEntropy(), LABELS).dtype == np.int64
    flags = FLAGS.astype(np.float32)
    assert losses.for_trainer(SigmoidCrossEntropy(), flags) is flags


def test_what_is_not_finite_shows_in_the_loss_and_large_logits_do_not_overflow():
    assert math.isnan(losses.mean(SoftmaxCrossEntropy(), np.array([[np.inf, 0]]), np.array([1])))
    large = np.array([[-1e4], [1e4]])
    assert losses.mean(SigmoidCrossEntropy(), large, np.array([[1.0], [0.0]])) == 1e4


def test_they_are_computed_in_float64_and_one_that_overflows_is_infinite_without_a_word():
    narrow = LOGITS.astype(np.float32)
    loss = SoftmaxCrossEntropy()
    assert losses.mean(loss, narrow, LABELS) == losses.mean(loss, narrow.astype(float), LABELS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert losses.mean(MeanSquaredError(), np.array([[1e200]]), np.zeros((1, 1))) == np.inf
