"""Two recipes of one workload: what of a difference is data, framework and the rest."""

import dataclasses

import pytest

from orchestrator.reports.comparison import sentences
from orchestrator.reports.variants import table
from orchestrator.results.comparison import compare
from orchestrator.results.recipes import recipes
from orchestrator.results.variants import as_dict
from tests.builders.events import JOB, failed_trial, trial
from tests.builders.recipes import IDIOMATIC, waiting


def both(*idiomatic):
    matched = [trial("pytorch", seconds=(2.0,)), trial("tensorflow", seconds=(1.5,))]
    return recipes({"matched": compare(JOB, matched), "idiomatic": compare(IDIOMATIC, idiomatic)})


def test_the_difference_is_taken_apart_and_its_parts_add_up():
    found = both(waiting("pytorch", 15.0, 8.0), waiting("tensorflow", 4.0, 1.0))
    assert found.longer_seconds == 11
    assert found.wait_seconds == 7
    assert found.matched_seconds == 0.5
    assert "PyTorch trained 11.0 s longer than TensorFlow: 7.00 s waiting" in found.sentence
    assert "0.500 s on the same job, and 3.50 s for the rest" in found.sentence
    assert as_dict(found)["times"]["idiomatic"]["pytorch"]["wait_seconds"] == 8

    assert found.sentence.endswith(
        "One pair of each recipe is too few to tell a part from noise: 6 are needed."
    )


def repeated(waits, rests=(3.5,) * 6):
    """Six pairs of each recipe; PyTorch waits and does the rest for so many seconds longer."""
    numbered = list(enumerate(zip(waits, rests, strict=True), start=1))
    matched = [
        trial(side, n, seconds=(seconds,))
        for n, _ in numbered
        for side, seconds in (("pytorch", 2.0 + n / 100), ("tensorflow", 1.5))
    ]
    own = [
        dataclasses.replace(found, number=n)
        for n, (wait, rest) in numbered
        for found in (
            waiting("pytorch", 4.5 + n / 100 + wait + rest, 1.0 + wait),
            waiting("tensorflow", 4.0, 1.0),
        )
    ]
    return recipes({"matched": compare(JOB, matched), "idiomatic": compare(IDIOMATIC, own)})


def test_each_part_has_an_interval_and_one_within_noise_is_said_to_be():
    found = repeated([7.0, 7.2, 6.8, 7.1, 6.9, 7.0], [0.2, -0.3, 0.1, -0.1, 0.3, -0.2])
    parts = found.parts
    assert parts["wait"].low < 7 < parts["wait"].high
    assert not parts["wait"].within_noise
    assert parts["rest"].within_noise
    sums = parts["wait"].value + parts["matched"].value + parts["rest"].value
    assert sums == pytest.approx(parts["longer"].value)
    assert "7.00 s (6." in found.sentence
    assert ", within noise) for the rest" in found.sentence
    assert found.sentence.endswith("In brackets are intervals (95 %), from 6 pairs of each recipe.")
    assert as_dict(found)["parts"]["rest"]["low"] < 0 < as_dict(found)["parts"]["rest"]["high"]


def test_the_table_has_the_seconds_of_an_epoch_of_which_its_verdicts_are():
    found = recipes(
        {
            "matched": compare(JOB, [trial("pytorch", seconds=(1.0, 1.0, 9.0))]),
            "idiomatic": compare(IDIOMATIC, []),
        }
    )
    rows = [(row.name, row.values) for row in table(found).rows]
    assert rows[0] == ("matched: training", ["11.0 s"])
    assert rows[2] == ("per epoch", ["1.00 s"])


def test_a_wait_that_was_not_measured_is_no_part_and_no_zero():
    found = both(waiting("pytorch", 15.0, 8.0), waiting("tensorflow", 4.0, None))
    assert found.longer_seconds == 11
    assert found.wait_seconds is None
    assert "0.500 s on the same job, and 10.5 s for the rest: waiting for its" in found.sentence
    assert "How long each waited for its data was not measured." in found.sentence
    *_, waits, _, _ = table(found).rows
    assert [cell.text for cell in waits.cells[1:]] == ["8.00 s", "-"]


def test_whichever_is_slower_is_named():
    found = both(waiting("pytorch", 1.0, 0.0), waiting("tensorflow", 4.0, 1.0))
    assert "TensorFlow trained 3.00 s longer than PyTorch" in found.sentence
    assert found.matched_seconds == -0.5


@pytest.mark.parametrize("trials", [[], [waiting("pytorch", 1.0, 0.0)], [failed_trial()]])
def test_where_a_trial_is_missing_nothing_is_taken_apart(trials):
    found = both(*trials)
    assert found.longer_seconds is None
    assert "the difference is not split into parts" in found.sentence
    assert table(found).rows


def test_frameworks_that_go_their_own_ways_are_not_said_to_have_done_another_job():
    inputs = {"initial_weights_sha256": 64 * "b", "batch_order_sha256": ""}
    own = trial("pytorch", inputs=inputs), trial("tensorflow")
    found = compare(IDIOMATIC, [dataclasses.replace(t, spec=IDIOMATIC) for t in own])
    assert found.inputs.same
    said = " ".join(sentences(found))
    assert "in its own way, with the same data" in said
    assert "not the same job" not in said
    assert "losses" not in said


def test_other_data_is_another_job_in_every_recipe():
    own = trial("pytorch", inputs={"data_sha256": 64 * "b"}), trial("tensorflow")
    found = compare(IDIOMATIC, [dataclasses.replace(t, spec=IDIOMATIC) for t in own])
    assert found.inputs.same is False
