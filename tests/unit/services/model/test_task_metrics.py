"""The metrics of each task, against their definitions written out."""

import itertools
import math

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from twinrun.contract.losses import (
    Huber,
    MeanSquaredError,
    NextTokenCrossEntropy,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)

from services.model import metrics

LAW = settings(database=None, max_examples=60)
SCORES = st.integers(-3, 3).map(float)  # few values, so that some are equal


def test_metrics_of_a_text_are_over_all_positions():
    logits = np.log([[[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]], [[0.2, 0.2, 0.6], [0.4, 0.5, 0.1]]])
    found = metrics.evaluate(logits, np.int32([[0, 1], [1, 2]]), NextTokenCrossEntropy())
    likelihoods = 0.5, 0.8, 0.2, 0.1
    assert found.loss == pytest.approx(-sum(map(math.log, likelihoods)) / 4, rel=1e-14)
    assert (found.accuracy, found.samples) == (0.5, 2)
    perplexity = math.prod(likelihoods) ** (-1 / 4)
    assert found.others == {"perplexity": pytest.approx(perplexity, rel=1e-14)}


def test_a_position_without_a_number_counts_as_wrong():
    logits = np.array([[[np.nan, 0.0], [0.0, 1.0]]])
    found = metrics.evaluate(logits, np.int32([[0, 1]]), NextTokenCrossEntropy())
    assert found.accuracy == 0.5
    assert math.isnan(found.others["perplexity"])


def of_flags(logits, flags):
    return metrics.evaluate(logits, flags, SigmoidCrossEntropy())


@st.composite
def binary(draw):
    n = draw(st.integers(2, 12))
    logits = draw(hnp.arrays(np.float64, (n, 1), elements=SCORES))
    flags = draw(hnp.arrays(np.float64, (n, 1), elements=st.sampled_from([0.0, 1.0])))
    return logits, flags


@LAW
@given(binary())
def test_roc_auc_is_how_often_a_positive_scores_above_a_negative(made):
    logits, flags = made
    ones, zeros = logits[flags > 0], logits[flags == 0]
    found = of_flags(logits, flags).others
    if not len(ones) or not len(zeros):
        assert "roc_auc" not in found
        assert "average_precision" not in found
        return
    pairs = [(a > b) + (a == b) / 2 for a, b in itertools.product(ones, zeros)]
    assert found["roc_auc"] == pytest.approx(np.mean(pairs), abs=1e-12)
    wanted, before = 0.0, 0.0
    for threshold in sorted(set(logits.ravel()), reverse=True):
        taken = logits >= threshold
        recall = flags[taken].sum() / flags.sum()
        wanted += (recall - before) * flags[taken].mean()
        before = recall
    assert found["average_precision"] == pytest.approx(wanted, abs=1e-12)


@LAW
@given(binary())
def test_accuracy_and_f1_take_a_logit_above_zero_for_yes(made):
    logits, flags = made
    found = of_flags(logits, flags)
    yes, is_so = logits > 0, flags > 0
    assert found.accuracy == (yes == is_so).mean()
    hits, both = (yes & is_so).sum(), yes.sum() + is_so.sum()
    assert found.others["f1"] == (2 * hits / both if both else 0)


def test_several_outputs_have_the_mean_over_those_that_have_both_classes():
    logits = np.array([[1.0, 1, 5], [-1, 2, 5], [2, -1, 5]])
    flags = np.array([[1.0, 0, 1], [0, 1, 1], [0, 0, 1]])
    found = of_flags(logits, flags).others
    assert found["roc_auc"] == pytest.approx((0.5 + 1.0) / 2)
    assert found["f1"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)


def test_a_nan_is_wrong_and_has_no_area():
    found = of_flags(np.array([[np.nan], [1.0]]), np.array([[0.0], [1.0]]))
    assert found.accuracy == 0.5
    assert math.isnan(found.loss)
    assert math.isnan(found.others["roc_auc"])


@st.composite
def classes(draw):
    n, k = draw(st.integers(1, 15)), draw(st.integers(2, 14))
    logits = draw(hnp.arrays(np.float64, (n, k), elements=SCORES))
    return logits, draw(hnp.arrays(np.int32, n, elements=st.integers(0, k - 1)))


@LAW
@given(classes())
def test_macro_f1_and_the_five_most_likely_of_classes(made):
    logits, labels = made
    found = metrics.evaluate(logits, labels, SoftmaxCrossEntropy()).others
    said = logits.argmax(axis=1)
    scores = [
        2 * ((said == k) & (labels == k)).sum() / ((said == k).sum() + (labels == k).sum())
        for k in sorted({*said, *labels})
    ]
    assert found["macro_f1"] == pytest.approx(np.mean(scores), abs=1e-12)
    if logits.shape[1] > 10:
        best = np.argsort(-logits, axis=1, kind="stable")[:, :5]
        assert found["top_5_accuracy"] == (best == labels[:, None]).any(axis=1).mean()
    else:
        assert "top_5_accuracy" not in found


@LAW
@given(
    hnp.arrays(np.float64, (7, 2), elements=SCORES), hnp.arrays(np.float64, (7, 2), elements=SCORES)
)
def test_errors_of_numbers(logits, values):
    found = metrics.evaluate(logits, values, MeanSquaredError())
    assert found.accuracy is None
    assert found.others["rmse"] == pytest.approx(math.sqrt(found.loss), abs=1e-12)
    assert found.others["mae"] == pytest.approx(np.abs(logits - values).mean(), abs=1e-12)
    varied = [k for k in range(2) if len(set(values[:, k])) > 1]
    if varied:
        r2 = [
            1 - ((logits[:, k] - values[:, k]) ** 2).sum() / (7 * values[:, k].var())
            for k in varied
        ]
        assert found.others["r2"] == pytest.approx(np.mean(r2), rel=1e-9, abs=1e-9)
    else:
        assert "r2" not in found.others


def test_huge_numbers_do_not_overflow_hubers_loss():
    found = metrics.evaluate(np.array([[1e200]]), np.array([[0.0]]), Huber(2.0))
    assert found.loss == pytest.approx(2e200)


def test_huge_logits_do_not_overflow_the_sigmoid():
    found = of_flags(np.array([[1e300], [-1e300]]), np.array([[1.0], [1.0]]))
    assert found.loss == pytest.approx(0.5e300)


@pytest.mark.parametrize("seed", range(20))
def test_metrics_of_flags_are_scikit_learns(seed):
    rng = np.random.default_rng(seed)
    flags = rng.integers(0, 2, (40, 3)).astype(float)
    logits = np.round(rng.normal(size=(40, 3)), 1)  # ties
    found = of_flags(logits, flags).others
    theirs = {
        "roc_auc": sklearn.metrics.roc_auc_score(flags, logits, average="macro"),
        "average_precision": sklearn.metrics.average_precision_score(flags, logits),
        "f1": sklearn.metrics.f1_score(flags, logits > 0, average="macro"),
    }
    assert found == pytest.approx(theirs, rel=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_metrics_of_classes_and_numbers_are_scikit_learns(seed):
    rng = np.random.default_rng(seed)
    labels, logits = rng.integers(0, 12, 60), rng.normal(size=(60, 12))
    found = metrics.evaluate(logits, labels.astype(np.int32), SoftmaxCrossEntropy()).others
    f1 = sklearn.metrics.f1_score(labels, logits.argmax(1), average="macro")
    top = sklearn.metrics.top_k_accuracy_score(labels, logits, k=5, labels=range(12))
    assert found == pytest.approx({"macro_f1": f1, "top_5_accuracy": top}, rel=1e-12)
    values, predicted = rng.normal(size=(60, 2)), rng.normal(size=(60, 2))
    found = metrics.evaluate(predicted, values, MeanSquaredError()).others
    theirs = {
        "r2": sklearn.metrics.r2_score(values, predicted),
        "rmse": np.sqrt(sklearn.metrics.mean_squared_error(values, predicted)),
        "mae": sklearn.metrics.mean_absolute_error(values, predicted),
    }
    assert found == pytest.approx(theirs, rel=1e-12)
