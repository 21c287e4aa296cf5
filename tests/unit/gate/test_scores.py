"""What a runner says of an evaluation: the task's metrics, possible, and as its logits give."""

import copy
import math

import numpy as np
import pytest
from twinrun.contract.losses import (
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    NextTokenCrossEntropy,
    PixelCrossEntropy,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)
from twinrun.v1 import job_pb2

from orchestrator.gate import scores
from orchestrator.gate.expected import expected
from orchestrator.gate.fault import Fault
from services.model import metrics

CLASSES, FLAGS, NUMBERS = SoftmaxCrossEntropy(), SigmoidCrossEntropy(), MeanSquaredError()
TOKENS = NextTokenCrossEntropy()
HONEST = {
    CLASSES: {"accuracy": 0.9, "others": {"macro_f1": 0.8, "top_5_accuracy": 1.0}},
    FLAGS: {"accuracy": 0.9, "others": {"roc_auc": 0.7, "average_precision": 0.1, "f1": 0.0}},
    TOKENS: {"accuracy": 0.9, "others": {"perplexity": 4.5}},
    NUMBERS: {"others": {"r2": -3.0, "rmse": 12.0, "mae": 7.0}},
}


def said(of, **changes):
    given = HONEST[of] | {"loss": 0.3, "samples": 10} | changes
    return job_pb2.Metrics(**{name: value for name, value in given.items() if value is not None})


@pytest.mark.parametrize("loss", HONEST)
def test_an_honest_one_passes_also_without_what_the_samples_do_not_define(loss):
    scores.check("test", said(loss), 10, loss)
    scores.check("test", said(loss, others={}), 10, loss)


@pytest.mark.parametrize(
    ("loss", "changes", "field"),
    [
        (CLASSES, {"accuracy": None}, "test.accuracy is missing"),
        (FLAGS, {"accuracy": None}, "test.accuracy is missing"),
        (NUMBERS, {"accuracy": 0.9}, "test.accuracy arrived"),
        (CLASSES, {"samples": 9}, "test.samples"),
        (CLASSES, {"others": {"r2": 0.5}}, "test.others"),
        (NUMBERS, {"others": {"roc_auc": 0.5}}, "test.others"),
        (NUMBERS, {"others": {"accuracy": 0.5}}, "test.others"),
        (FLAGS, {"others": {"accuracy": 0.5}}, "test.others"),
        (FLAGS, {"others": {"made up": 0.5}}, "test.others"),
        (FLAGS, {"others": {"roc_auc": 1.01}}, "test.others[roc_auc]"),
        (FLAGS, {"others": {"f1": -0.1}}, "test.others[f1]"),
        (FLAGS, {"others": {"f1": math.inf}}, "test.others[f1]"),
        (CLASSES, {"others": {"macro_f1": math.nan}}, "test.others[macro_f1]"),
        (TOKENS, {"others": {"macro_f1": 0.5}}, "test.others"),
        (TOKENS, {"others": {"perplexity": 0.9}}, "test.others[perplexity]"),
        (NUMBERS, {"others": {"rmse": -1.0}}, "test.others[rmse]"),
        (NUMBERS, {"others": {"r2": 1.1}}, "test.others[r2]"),
        (NUMBERS, {"others": {"mae": math.nan}}, "test.others[mae]"),
    ],
)
def test_a_lie_is_refused_and_its_field_named(loss, changes, field):
    with pytest.raises(Fault) as refused:
        scores.check("test", said(loss, **changes), 10, loss)
    assert field in refused.value.what


@pytest.mark.parametrize("loss", HONEST)
def test_a_job_that_has_diverged_may_have_metrics_that_are_no_numbers(loss):
    others = dict.fromkeys(HONEST[loss]["others"], math.nan)
    scores.check("test", said(loss, loss=math.nan, others=others), 10, loss)


LOSSES = [
    CLASSES,
    SoftmaxCrossEntropy(0.1, (1.0, 2.0, 0.5)),
    FLAGS,
    SigmoidCrossEntropy(3.0),
    NUMBERS,
    MeanAbsoluteError(),
    Huber(0.5),
    TOKENS,
    NextTokenCrossEntropy(1),
    PixelCrossEntropy(),
    PixelCrossEntropy(0),
]


def evaluated(loss, outputs=3):
    """Logits, targets, and what an honest runner says of them."""
    random = np.random.default_rng(7)
    logits = random.normal(size=(50, outputs))
    targets = {
        SoftmaxCrossEntropy: random.integers(0, outputs, 50).astype(np.int32),
        NextTokenCrossEntropy: random.integers(0, outputs, (10, 5)).astype(np.int32),
        PixelCrossEntropy: random.integers(0, outputs, (5, 2, 5)).astype(np.int32),
        SigmoidCrossEntropy: random.integers(0, 2, (50, outputs)).astype(np.float64),
    }.get(type(loss), random.normal(size=(50, outputs)))
    of_text = isinstance(loss, NextTokenCrossEntropy | PixelCrossEntropy)
    by_place = logits.reshape(*targets.shape, -1) if of_text else logits
    honest = metrics.evaluate(by_place, targets, loss)
    told = {"loss": honest.loss, "accuracy": honest.accuracy, "others": honest.others}
    return logits, targets.ravel() if of_text else targets, said(NUMBERS, **told, samples=50)


EVALUATED = [*((loss, 3) for loss in LOSSES), (SoftmaxCrossEntropy(), 12), (NUMBERS, 1), (FLAGS, 1)]


@pytest.mark.parametrize(("loss", "outputs"), EVALUATED, ids=str)
def test_what_an_honest_runner_says_is_what_its_logits_give(loss, outputs):
    logits, targets, said = evaluated(loss, outputs)
    scores.check_logits(said, loss, logits, targets)


@pytest.mark.parametrize(("loss", "outputs"), EVALUATED, ids=str)
def test_each_metric_that_is_another_or_left_out_is_refused(loss, outputs):
    logits, targets, honest = evaluated(loss, outputs)
    lies = []
    for name in ["loss", *(["accuracy"] if honest.HasField("accuracy") else [])]:
        lie = copy.deepcopy(honest)
        setattr(lie, name, getattr(honest, name) + 1e-3)
        lies.append(lie)
    for name in honest.others:
        wrong, missing = copy.deepcopy(honest), copy.deepcopy(honest)
        wrong.others[name] += 1e-3
        del missing.others[name]
        lies += [wrong, missing]
    assert len(lies) >= 3
    for lie in lies:
        with pytest.raises(Fault, match="as its logits give"):
            scores.check_logits(lie, loss, logits, targets)


@pytest.mark.parametrize("counts", [(41, 10), (40, 11)])
def test_a_runner_has_no_more_samples_than_the_users_arrays(counts):
    train, test = counts
    spec = job_pb2.JobSpec(epochs=1, batch_size=8, report_every_steps=5)
    spec.dataset.arrays.MergeFrom(job_pb2.Arrays(train_samples=40, test_samples=10))
    given = job_pb2.Inputs(train_samples=train, test_samples=test, steps_per_epoch=6)
    with pytest.raises(Fault, match="samples"):
        expected(spec).check_inputs(given)
