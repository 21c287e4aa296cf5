"""Loops side by side: figures, and a sentence for each framework."""

import json

import pytest

from orchestrator.reports.variants import table as table_of
from orchestrator.results.comparison import compare
from orchestrator.results.variants import LOOPS, as_dict, loops
from tests.builders.events import JOB, failed_trial, trial

SECONDS = {"fit": 1.0, "custom": 1.5, "fit-eager": 3.0, "custom-eager": 4.0}


def compared(seconds=SECONDS, **given):
    return {
        variant: compare(JOB, [trial("pytorch", seconds=(each,)), trial("tensorflow", **given)])
        for variant, each in seconds.items()
    }


def test_each_variant_has_each_frameworks_epoch():
    found = loops(compared())
    assert found.epoch_seconds.keys() == LOOPS.keys()
    assert {name: each["pytorch"] for name, each in found.epoch_seconds.items()} == SECONDS
    assert found.epoch_seconds["fit"]["tensorflow"] == pytest.approx(1.1)


def test_a_sentence_holds_each_frameworks_loops_against_its_own():
    assert loops(compared()).sentences[0] == (
        "PyTorch: a hand-written loop took 1.50 times as long as its own, op by op 3.00 and 4.00 "
        "times as long."
    )


def test_too_few_trials_do_not_show_which_loop_is_faster():
    few = "Trials of each loop: 1, too few to show which is faster; it takes 6."
    assert loops(compared()).sentences[-1] == few
    numbered = [trial("pytorch", number, seconds=(1.0,)) for number in range(1, 7)]
    enough = loops({variant: compare(JOB, numbered) for variant in LOOPS})
    assert few[:10] not in " ".join(enough.sentences)


def test_each_ratio_has_an_interval_and_one_within_noise_is_said_to_be():
    def seconds(variant, number):
        noise = 1 + 0.02 * (-1) ** (number + list(LOOPS).index(variant))
        return {**SECONDS, "custom": 1.0}[variant] * noise * number

    found = loops(
        {
            variant: compare(
                JOB, [trial("pytorch", n, seconds=(seconds(variant, n),)) for n in range(1, 9)]
            )
            for variant in LOOPS
        }
    )
    ratios = found.ratios["pytorch"]
    assert ratios["fit-eager"].ratio == pytest.approx(3)
    assert ratios["custom"].low < 1 < ratios["custom"].high
    sentence, basis = found.sentences
    assert "a hand-written loop took 1.00 (" in sentence
    assert sentence.count("within noise") == 1
    assert "op by op 3.00 (3.00 to 3.00) and " in sentence
    assert basis == "In brackets are intervals (95 %), from 8 trials of each loop."
    held = json.loads(json.dumps(as_dict(found)))["ratios"]["pytorch"]["custom-eager"]
    assert held["low"] < held["ratio"] < held["high"]


def test_trials_are_held_together_by_their_numbers():
    trials = {
        v: [trial("pytorch", n) for n in numbers]
        for v, numbers in zip(LOOPS, ((1, 2), (2, 3), (2,), (1, 2, 4)), strict=True)
    }
    found = loops({variant: compare(JOB, each) for variant, each in trials.items()})
    assert {each.pairs for each in found.ratios["pytorch"].values()} == {1}


def test_what_failed_or_was_not_run_is_left_out():
    found = loops({"fit": compare(JOB, [trial("pytorch"), failed_trial("tensorflow")])})
    assert found.epoch_seconds == {"fit": {"pytorch": pytest.approx(1.1)}}
    assert found.sentences == []
    assert loops({}).epoch_seconds == {}


def test_it_is_kept_as_json_and_shown_as_a_table():
    found = loops(compared())
    assert json.loads(json.dumps(as_dict(found)))["schema"] == "twinrun.loops/1"
    table = table_of(found)
    assert len(table.rows) == len(LOOPS)
    assert len(table.columns) == 3
