"""What a runner says of an evaluation: the task's metrics, possible, and as its logits give."""

import math

import numpy as np
import pytest
from twinrun.contract.losses import (
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)
from twinrun.v1 import job_pb2

from orchestrator.gate import scores
from orchestrator.gate.expected import expected
from orchestrator.gate.fault import Fault
from services.model import metrics

CLASSES, FLAGS, NUMBERS = SoftmaxCrossEntropy(), SigmoidCrossEntropy(), MeanSquaredError()
HONEST = {
    CLASSES: {"accuracy": 0.9, "others": {"macro_f1": 0.8, "top_5_accuracy": 1.0}},
    FLAGS: {"accuracy": 0.9, "others": {"roc_auc": 0.7, "average_precision": 0.1, "f1": 0.0}},
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
]


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_what_logits_give_is_what_an_honest_runner_says(loss):
    random = np.random.default_rng(7)
    logits = random.normal(size=(50, 3))
    targets = {
        SoftmaxCrossEntropy: random.integers(0, 3, 50).astype(np.int32),
        SigmoidCrossEntropy: random.integers(0, 2, (50, 3)).astype(np.float64),
    }.get(type(loss), random.normal(size=(50, 3)))
    honest = metrics.evaluate(logits, targets, loss)
    for name, (value, off) in scores.of_logits(loss, logits, targets).items():
        own = getattr(honest, name) if name in ("loss", "accuracy") else honest.others[name]
        assert abs(own - value) <= off, name


@pytest.mark.parametrize("counts", [(41, 10), (40, 11)])
def test_a_runner_has_no_more_samples_than_the_users_arrays(counts):
    train, test = counts
    spec = job_pb2.JobSpec(epochs=1, batch_size=8, report_every_steps=5)
    spec.dataset.arrays.MergeFrom(job_pb2.Arrays(train_samples=40, test_samples=10))
    given = job_pb2.Inputs(train_samples=train, test_samples=test, steps_per_epoch=6)
    with pytest.raises(Fault, match="samples"):
        expected(spec).check_inputs(given)
