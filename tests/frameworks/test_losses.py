"""Each loss is its formula: in training, in a step's details, and in each framework's own way."""

from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.enums import ClassWeightsDivisor, Execution, Loop, Precision, Recipe
from twinrun.contract.layers import Conv2d, Dense, Embedding, Flatten
from twinrun.contract.losses import (
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    NextTokenCrossEntropy,
    PixelCrossEntropy,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)

from services.model import metrics
from tests.frameworks import jobs, reference
from tests.frameworks.formulas import assert_same

WEIGHTS = (0.5, 1.0, 2.0, 3.0, 0.25)
SAMPLES = ClassWeightsDivisor.SAMPLES
LOSSES = {
    "smoothed": SoftmaxCrossEntropy(0.1),
    "weighted": SoftmaxCrossEntropy(class_weights=WEIGHTS),
    "weighted, by samples": SoftmaxCrossEntropy(0.2, WEIGHTS, SAMPLES),
    "sigmoid": SigmoidCrossEntropy(),
    "sigmoid, positives weighted": SigmoidCrossEntropy(3.0),
    "squared": MeanSquaredError(),
    "absolute": MeanAbsoluteError(),
    "huber": Huber(0.5),
    "next token": NextTokenCrossEntropy(),
    "next token, one ignored": NextTokenCrossEntropy(2),
    "pixels": PixelCrossEntropy(),
    "pixels, one ignored": PixelCrossEntropy(0),
}
LAYERS = jobs.SHALLOW[:-1]  # no softmax, which numbers do not have


PIXELS = (Conv2d(4, padding=1), Conv2d(jobs.CLASSES, size=1))


def job(loss, **changes):
    of_positions = {NextTokenCrossEntropy: jobs.TOKENS, PixelCrossEntropy: PIXELS}
    layers = of_positions.get(type(loss), LAYERS)
    return jobs.spec(loss=loss, layers=layers, **changes)


@pytest.mark.parametrize("loop", Loop)
@pytest.mark.parametrize("execution", jobs.UNCOMPILED)
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_each_loss_is_its_formula(framework, execution, loss, loop):
    assert_same(framework, job(loss, execution=execution, loop=loop, epochs=2))


@pytest.mark.parametrize("execution", [Execution.COMPILED])
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_compiled_it_is_too(framework, loss, execution):
    assert_same(framework, jobs.in_one_graph(job(loss, execution=execution)))


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_details_are_those_of_the_formula(framework, loss):
    told = job(loss, report_step_details=True, epochs=1)
    data = jobs.data(loss=loss)
    trainer = framework.Trainer(told, data, jobs.weights(told))
    chunks = list(trainer.train_epoch(0))
    wanted = reference.details(told, data, jobs.weights(told))
    found = [
        np.concatenate([getattr(c.details, name) for c in chunks])
        for name in ("ordered_losses", "accuracies")
    ]
    np.testing.assert_allclose(found[0], wanted.ordered_losses, rtol=1e-12)
    np.testing.assert_allclose(found[1], wanted.accuracies, rtol=1e-12)
    for index, (name, norms) in enumerate(wanted.gradient_norms.items()):
        told_of = np.concatenate([c.details.gradient_norms[index].norms for c in chunks])
        np.testing.assert_allclose(told_of, norms, rtol=1e-10, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("sure", [30.0, -30.0])
@pytest.mark.parametrize("loss", [SigmoidCrossEntropy(), SigmoidCrossEntropy(3.0)])
def test_the_slope_of_a_sigmoid_that_is_sure_and_right_is_not_rounded_away(framework, loss, sure):
    """Where it is sigmoid(z) - 1, nothing but rounding is left of it, and no certificate holds."""
    told = job(loss, report_step_details=True, epochs=1, steps_per_epoch_limit=1)
    weights = jobs.weights(told)
    bias = f"layers.{len(LAYERS) - 1}.bias"
    weights = {**weights, bias: weights[bias] + sure}
    data = jobs.data(loss=loss)
    data = replace(data, train_labels=np.full_like(data.train_labels, sure > 0))
    (chunk,) = framework.Trainer(told, data, weights).train_epoch(0)
    wanted = reference.details(told, data, weights).gradient_norms
    for found in chunk.details.gradient_norms:
        norms = wanted[found.parameter][:1]
        np.testing.assert_allclose(found.norms, norms, rtol=1e-10, atol=0, err_msg=found.parameter)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_the_evaluations_loss_is_the_formula(loss):
    told = job(loss)
    data = jobs.data(loss=loss)
    logits = reference.forward(told, jobs.weights(told), data.test_images)
    found = metrics.evaluate(logits, data.test_labels, loss)
    wanted, _ = reference.loss_and_slope(told, logits, data.test_labels)
    assert found.loss == pytest.approx(wanted, rel=1e-13)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_the_slope_that_all_are_held_against_is_that_of_the_loss(loss):
    """By central differences: the formula and its gradient were written by hand."""
    told, data = job(loss), jobs.data(loss=loss)
    logits = reference.forward(told, jobs.weights(told), data.train_images)
    _, slope = reference.loss_and_slope(told, logits, data.train_labels)
    for sample, output in [(0, 0), (3, 2), (10, 4)]:
        at = sample, *[1] * (logits.ndim - 2), output  # of a text the second position
        moved = [logits.copy(), logits.copy()]
        for sign, array in zip((1, -1), moved, strict=True):
            array[at] += sign * 1e-6
        high, low = (reference.loss_and_slope(told, array, data.train_labels)[0] for array in moved)
        assert slope[at] == pytest.approx((high - low) / 2e-6, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("precision", [Precision.FLOAT32, Precision.FLOAT64])
@pytest.mark.parametrize("loop", Loop)
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_an_idiomatic_job_has_the_loss_too(framework, loss, loop, precision):
    """One batch of all samples: its loss is the initial model's, whatever the order."""
    told = job(loss, recipe=Recipe.IDIOMATIC, loop=loop, precision=precision)
    of_tokens = isinstance(loss, NextTokenCrossEntropy)
    first = Embedding(jobs.CLASSES, 4) if of_tokens else Flatten()
    layers = PIXELS if isinstance(loss, PixelCrossEntropy) else (first, Dense(jobs.CLASSES))
    told = replace(told, batch_size=jobs.SAMPLES, epochs=1, layers=layers)
    data = jobs.data(precision, loss=loss)
    trainer = framework.Trainer(told, data, None)
    logits = reference.forward(told, trainer.weights(), data.train_images)
    wanted, _ = reference.loss_and_slope(told, logits, data.train_labels)
    assert trainer.evaluate().shape == (jobs.TEST_SAMPLES, *logits.shape[1:])
    ((first, *_),) = [chunk.losses for chunk in trainer.train_epoch(0)]
    either = {wanted}
    if isinstance(loss, SoftmaxCrossEntropy) and loss.class_weights:  # PyTorch's or Keras's divisor
        either = {
            reference.loss_and_slope(
                replace(told, loss=replace(loss, class_weights_divisor=d)),
                logits,
                data.train_labels,
            )[0]
            for d in ClassWeightsDivisor
        }
        if loss.label_smoothing:  # PyTorch weighs each class's part of it
            return
    assert min(abs(first / each - 1) for each in either) < 1e-5


IGNORING = {"next token": NextTokenCrossEntropy(2), "pixels": PixelCrossEntropy(0)}


@pytest.mark.parametrize("execution", jobs.UNCOMPILED)
@pytest.mark.parametrize("loss", IGNORING.values(), ids=IGNORING)
def test_a_step_without_a_target_that_counts_changes_nothing(framework, loss, execution):
    told = job(loss, execution=execution, report_step_details=True, epochs=1)
    data = jobs.data(loss=loss)
    data = replace(data, train_labels=np.full_like(data.train_labels, loss.ignored))
    weights = jobs.weights(told)
    trainer = framework.Trainer(told, data, weights)
    for steps in trainer.train_epoch(0):
        assert not steps.losses.any()
        assert not np.any(steps.details.ordered_losses)
        assert not np.any(steps.details.accuracies)
    for name, array in trainer.weights().items():
        np.testing.assert_array_equal(array, weights[name])


@pytest.mark.parametrize("loss", IGNORING.values(), ids=IGNORING)
def test_what_is_predicted_where_no_target_counts_is_no_part_of_a_metric(loss):
    told, data = job(loss), jobs.data(loss=loss)
    logits = reference.forward(told, jobs.weights(told), data.test_images)
    found = metrics.evaluate(logits, data.test_labels, loss)
    logits[data.test_labels == loss.ignored] *= -3
    assert metrics.evaluate(logits, data.test_labels, loss) == found
