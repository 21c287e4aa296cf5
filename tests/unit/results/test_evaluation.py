"""Metrics of a model, class by class, and how two frameworks agree on the same weights."""

import json

import numpy as np
import pytest
import sklearn.metrics
from twinrun.contract.losses import SigmoidCrossEntropy
from twinrun.v1 import job_pb2

from orchestrator.figures import plots
from orchestrator.language.phrases import say
from orchestrator.reports.evaluation import report
from orchestrator.reports.writers import plain
from orchestrator.results.evaluation import as_dict, evaluation
from services.model import metrics
from tests.builders.evaluations import FLAGS, LABELS, LOGITS, SCORES, binary, finished, made


def test_precision_and_recall_of_each_class():
    found = made()
    assert [(c.number, c.samples) for c in found.classes] == [(0, 4), (1, 2), (2, 0)]
    assert [c.precision for c in found.classes] == pytest.approx([3 / 4, 0, 0])
    assert [c.recall for c in found.classes] == pytest.approx([3 / 4, 0, 0])


def test_rows_of_the_confusion_matrix_are_what_a_sample_is():
    assert made().confusion == [[3, 1, 0], [1, 0, 1], [0, 0, 0]]


def test_classes_have_the_names_of_the_user_s_data():
    found = evaluation(
        "pytorch", "pytorch", finished(), (LOGITS, LABELS), None, names=["ash", "birch", "oak"]
    )
    assert [(c.number, c.name) for c in found.classes] == [(0, "ash"), (1, "birch"), (2, "oak")]
    shown = plain.report(report(found))
    assert all(text in shown for text in ("predicted ash", "Samples", "\noak "))
    assert [c.name for c in made().classes] == ["0", "1", "2"]


def test_what_has_a_class_at_each_position_is_counted_by_positions():
    said = finished()
    said.test.samples = 3
    said.test.others["perplexity"] = 1.5
    found = evaluation("pytorch", "pytorch", said, (LOGITS, LABELS), None)
    shown = plain.report(report(found))
    assert "Positions" in shown
    assert "perplexity 1.5" in shown


def test_latencies_are_seconds():
    (latency,) = made().latencies
    assert (latency.p50_seconds, latency.p90_seconds, latency.p99_seconds) == (0.001, 0.002, 0.004)
    assert (latency.batch_size, latency.samples_per_second) == (8, 8000)


def test_alone_there_is_nothing_to_agree_with():
    assert made().agreement is None


def test_the_same_predictions_by_another_framework():
    agreement = made("tensorflow", of_trained=LOGITS + np.float32(1e-6)).agreement
    assert (agreement.differing, agreement.samples) == (0, 6)
    assert agreement.logit_difference == pytest.approx(1e-6, rel=0.1)
    assert agreement.sentence.startswith(
        "TensorFlow makes the same 6 predictions from PyTorch's weights as PyTorch; "
    )


def test_predictions_that_differ_are_counted():
    agreement = made("tensorflow", of_trained=np.roll(LOGITS, 1, axis=0)).agreement
    assert agreement.differing == 4
    assert "4 of 6 predictions from PyTorch's weights differently" in agreement.sentence


def test_it_is_kept_as_json_and_drawn():
    found = made("tensorflow", of_trained=LOGITS)
    assert json.loads(json.dumps(as_dict(found)))["schema"] == "twinrun.evaluation/1"
    drawn = plots.evaluation_canvas(found, "tensorflow-1-from-pytorch").drawing().files()
    assert drawn.keys() == {
        f"evaluation-tensorflow-1-from-pytorch.{kind}" for kind in ("svg", "png")
    }


def drawn(scores, flags, others=None):
    """An evaluation of one output, float[n] each."""
    made = finished()
    found = np.reshape(scores, (-1, 1)), np.reshape(flags, (-1, 1)).astype(np.float64)
    return evaluation("pytorch", "pytorch", made, found, None, others=others)


@pytest.mark.parametrize("decimals", [1, 12], ids=["with ties", "without"])
def test_curves_and_areas_are_scikit_learns_and_the_areas_are_the_metrics_of_the_run(decimals):
    draw = np.random.default_rng(3)
    flags = draw.random(300) < 0.3
    scores = (flags + draw.normal(0, 1, 300)).round(decimals)
    (curve,) = drawn(scores, flags).curves
    false, true, _ = sklearn.metrics.roc_curve(flags, scores, drop_intermediate=False)
    assert np.allclose(curve.false_positive_rate, false[1:])
    assert np.allclose(curve.recall, true[1:])
    precision, recall, _ = sklearn.metrics.precision_recall_curve(flags, scores)
    assert np.allclose(curve.precision, precision[-2::-1])
    assert np.allclose(curve.recall, recall[-2::-1])
    said = metrics.evaluate(scores[:, None], flags[:, None], SigmoidCrossEntropy()).others
    areas = curve.roc_auc, curve.average_precision
    assert areas == pytest.approx((said["roc_auc"], said["average_precision"]), abs=1e-12)
    assert areas == pytest.approx(
        (
            sklearn.metrics.roc_auc_score(flags, scores),
            sklearn.metrics.average_precision_score(flags, scores),
        ),
        abs=1e-12,
    )


def test_of_very_many_thresholds_some_are_kept_and_the_areas_are_of_all():
    draw = np.random.default_rng(4)
    flags = draw.random(50_000) < 0.1
    scores = flags + draw.normal(0, 1, 50_000)
    (curve,) = drawn(scores, flags).curves
    assert len(curve.recall) == len(curve.precision) == len(curve.false_positive_rate) <= 1000
    assert (curve.false_positive_rate[-1], curve.recall[-1]) == (1, 1)
    assert curve.roc_auc == pytest.approx(sklearn.metrics.roc_auc_score(flags, scores), abs=1e-12)
    thinned = np.trapezoid([0, *curve.recall], [0, *curve.false_positive_rate])
    assert thinned == pytest.approx(curve.roc_auc, abs=1e-3)


def test_a_binary_task_has_a_confusion_matrix_of_its_two_classes():
    found = binary()
    assert found.confusion == [[1, 2], [1, 2]]
    assert [(c.number, c.samples) for c in found.classes] == [(0, 3), (1, 3)]
    assert [c.recall for c in found.classes] == pytest.approx([1 / 3, 2 / 3])


def test_the_curves_of_all_sides_stand_in_one_figure_and_table():
    kept = {"pytorch": (SCORES, FLAGS), "tensorflow": (-SCORES, FLAGS)}
    found = binary("tensorflow", "pytorch", of_trained=SCORES, others=kept)
    text = plain.report(report(found))
    names = ["TensorFlow, with the weights of PyTorch", "PyTorch", "TensorFlow"]
    assert [say(curve.side) for curve in found.curves] == names
    for curve in found.curves:
        (line,) = [each for each in text.splitlines() if each.startswith(f"{say(curve.side)}  ")]
        assert line.split()[-2:] == [f"{curve.roc_auc:.4f}", f"{curve.average_precision:.4f}"]
    assert found.curves[1].roc_auc + found.curves[2].roc_auc == pytest.approx(1)
    canvas = plots.evaluation_canvas(found, "tensorflow-1-from-pytorch")
    _, roc, precision = canvas.figure.axes
    assert len(roc.lines) == len(precision.lines) == 3 + 1  # and of guessing
    assert roc.get_legend().get_texts()[1].get_text() == (
        f"PyTorch: ROC AUC {found.curves[1].roc_auc:.4f}"
    )
    assert json.loads(json.dumps(as_dict(found)))["curves"][0]["trained"] == "pytorch"


@pytest.mark.parametrize(
    ("scores", "flags"),
    [([1, 2, 3], [1, 1, 1]), ([1, 2, 3], [0, 0, 0]), ([1, np.nan, 3], [0, 1, 1])],
    ids=["all positive", "all negative", "diverged"],
)
def test_what_has_no_curve_is_still_evaluated(scores, flags):
    found = drawn(scores, flags)
    assert not found.curves
    assert sum(map(sum, found.confusion)) == 3
    assert plots.evaluation_canvas(found, "pytorch-1").figure.axes


def test_several_flags_have_neither_curves_nor_a_confusion_matrix():
    found = evaluation("pytorch", "pytorch", finished(), (np.eye(3), np.eye(3)), None)
    assert not found.curves
    assert not found.confusion


def test_of_several_positions_in_a_sample_the_figure_counts_the_positions():
    made = finished()
    made.test.samples = 2  # of three positions each
    canvas = plots.evaluation_canvas(
        evaluation("pytorch", "pytorch", made, (LOGITS, LABELS), None), "pytorch-1"
    )
    assert "3 of 6 misclassified" in canvas.figure.axes[0].get_title("left")


def test_of_many_outputs_those_that_are_farthest_from_the_truth_are_shown():
    made = job_pb2.EvaluationFinished(test=job_pb2.Metrics(loss=0.5, samples=4))
    errors = np.zeros((4, 30))
    errors[:, 3:23] = [[1.0], [-1.0], [1.0], [-1.0]]
    found = evaluation("pytorch", "pytorch", made, (errors, np.zeros((4, 30))), None)
    text = plain.report(report(found))
    shown = [line.split()[0] for line in text.splitlines() if line[:1].isdigit()]
    assert shown == [*map(str, range(3, 23))]
    assert "These 20 of 30 outputs are farthest from the truth" in text
    assert len(as_dict(found)["residuals"]) == 30
