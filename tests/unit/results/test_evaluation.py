"""Metrics of a model, class by class, and how two frameworks agree on the same weights."""

import json

import numpy as np
import pytest

from orchestrator.figures import plots
from orchestrator.results.evaluation import as_dict
from tests.builders.evaluations import LOGITS, made


def test_precision_and_recall_of_each_class():
    found = made()
    assert [(c.number, c.samples) for c in found.classes] == [(0, 4), (1, 2), (2, 0)]
    assert [c.precision for c in found.classes] == pytest.approx([3 / 4, 0, 0])
    assert [c.recall for c in found.classes] == pytest.approx([3 / 4, 0, 0])


def test_rows_of_the_confusion_matrix_are_what_a_sample_is():
    assert made().confusion == [[3, 1, 0], [1, 0, 1], [0, 0, 0]]


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
