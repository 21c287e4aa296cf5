"""Which part of a gap is Keras's layer: its side over the framework's own, of one backend."""

from dataclasses import replace

import numpy as np
import pytest

from orchestrator.page.of_comparison import comparison_page
from orchestrator.reports.comparison import sentences
from orchestrator.results.comparison import compare
from orchestrator.results.comparison_file import as_dict
from orchestrator.results.layer_above import above, lacking, told_above
from orchestrator.storage.about import About, Kind
from tests.builders.comparisons import timed
from tests.builders.events import JOB


def trials(blocks=12, noise=0.01, **seconds):
    rng = np.random.default_rng(3)
    return [
        timed(side.replace("_", "-"), each * np.exp(noise * rng.standard_normal()), number)
        for number in range(1, blocks + 1)
        for side, each in seconds.items()
    ]


THREE = {"keras_torch": 3.0, "pytorch": 2.0, "keras_jax": 1.0}


def test_the_ratio_of_one_backend_has_an_interval_whichever_is_the_baseline():
    for baseline in ("keras-torch", "pytorch", "keras-jax"):
        (found,) = above(compare(JOB, trials(**THREE), baseline=baseline))
        assert (found.keras, found.own) == ("keras-torch", "pytorch")
        assert found.low < 1.5 < found.high
        assert found.ratio == pytest.approx(1.5, rel=0.02)
        assert found.shown
    assert "1.50 times as long as one of PyTorch as its own users write it" in str(found.sentence)


def test_over_machines_the_sentence_says_that_the_interval_covers_them():
    made = [
        replace(trial, machine="abcd"[trial.number % 4])
        for trial in trials(keras_torch=3.0, pytorch=2.0)
    ]
    (found,) = above(compare(JOB, made))
    assert "12 pairs on 4 machines, which it covers too" in str(found.sentence)


def test_a_layer_that_is_faster_than_the_frameworks_own_is_below_1():
    (found,) = above(compare(JOB, trials(keras_torch=1.0, pytorch=2.0)))
    assert found.low < found.ratio < found.high < 1


def test_sides_that_take_as_long_show_no_layer():
    (found,) = above(compare(JOB, trials(keras_torch=2.0, pytorch=2.0, noise=0.05)))
    assert not found.shown
    assert "no difference is shown" in str(found.sentence)


def test_too_few_blocks_are_measured_and_show_nothing():
    (found,) = above(compare(JOB, trials(3, keras_torch=3.0, pytorch=2.0)))
    assert (found.low, found.high, found.shown) == (None, None, False)
    assert "measured but not shown" in str(found.sentence)


def test_intervals_are_as_many_at_once_as_there_are_ratios():
    both = {**THREE, "tensorflow": 1.0, "keras_tensorflow": 1.0}
    found = {each.keras: each for each in above(compare(JOB, trials(**both), baseline="pytorch"))}
    # Four of the baseline; the first layer's is one of these, the second's is one more.
    assert {each.together for each in found.values()} == {5}
    assert above(compare(JOB, trials(keras_torch=3.0, pytorch=2.0)))[0].together == 1


def test_of_tensorflow_whose_users_write_keras_the_ratio_is_a_test_of_the_comparison():
    (found,) = above(compare(JOB, trials(keras_tensorflow=1.0, tensorflow=1.0)))
    assert "it tests the comparison itself" in str(found.sentence)


def test_a_side_that_is_lacking_is_named_with_what_to_add():
    comparison = compare(JOB, trials(**THREE))
    assert "not known of Keras/JAX" in str(lacking(comparison))
    assert "jax in --frameworks" in str(lacking(comparison))
    assert lacking(compare(JOB, trials(keras_torch=1.0, pytorch=1.0))) is None


def test_sides_that_change_the_job_are_held_against_the_same_change():
    changed = {"keras_torch-execution=compiled": 3.0, "pytorch": 2.0}
    assert above(compare(JOB, trials(**changed))) == []
    changed["pytorch-execution=compiled"] = 1.0
    (found,) = above(compare(JOB, trials(**changed)))
    assert found.own == "pytorch-execution=compiled"
    assert found.ratio == pytest.approx(3, rel=0.05)


def test_without_keras_nothing_is_said():
    comparison = compare(JOB, trials(pytorch=1.0, tensorflow=2.0))
    assert list(told_above(comparison)) == []
    assert "above" not in as_dict(comparison)


def test_report_page_and_file_have_it():
    comparison = compare(JOB, trials(**THREE))
    said = [str(each) for each in told_above(comparison)]
    assert len(said) == 2
    text = "\n".join(sentences(comparison))
    page = comparison_page(comparison, About("r", Kind.COMPARE, "w", None), [])
    shown = [sentence for answer in page.answers for sentence in answer.sentences]
    for each in said:
        assert each in text
        assert each in shown
    (stored,) = as_dict(comparison)["above"]
    assert stored["ratio"] == pytest.approx(1.5, rel=0.02)
