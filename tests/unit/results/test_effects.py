"""What a planted difference changes is found within its intervals, whichever row it is."""

import pytest

from orchestrator.reports import explanation
from orchestrator.results.habits.explanation import as_dict, explain
from orchestrator.results.habits.pitfalls import NAMES, PITFALLS
from tests.builders.explained import BOTH
from tests.builders.planted import BY_NAME, MATCHED, of, planted


@pytest.mark.parametrize("pitfall", PITFALLS, ids=NAMES)
def test_what_a_difference_changes_is_within_its_intervals(pitfall):
    matched, found = explain([*MATCHED, *planted(of(pitfall), 1.3, 0.02, 1.1)], BOTH)
    assert (matched.moved, matched.added) == (None, None)
    assert found.added.low < 1.3 < found.added.high < 1.32
    assert found.moved.low < 0.02 < found.moved.high < 0.025
    assert found.loss.low < 1.1 < found.loss.high < 1.11
    (line,) = explanation.effects([matched, found]).rows
    assert line.values[1].startswith("+")
    assert line.values[2].startswith("1.30 (1.")
    held = as_dict("w", [[matched, found]])["rows"][1]
    assert held["added"]["low"] < 1.3 < held["added"]["high"]
    assert held["moved"]["low"] < 0.02 < held["moved"]["high"]


def test_a_difference_that_changes_nothing_is_within_noise():
    _, found = explain([*MATCHED, *planted(of(BY_NAME["loss-read"]))], BOTH)
    assert found.moved.within_noise
    assert not found.added.shown
    assert not found.loss.shown


def test_what_moves_the_metric_most_comes_first():
    small, large = BY_NAME["initial-values"], BY_NAME["norm-momentum"]
    trials = [*MATCHED, *planted(of(small), points=0.01), *planted(of(large), points=-0.05)]
    grid = explanation.effects(explain(trials, BOTH))
    assert [line.name for line in grid.rows] == [large.title, small.title]


def test_a_loss_that_is_no_number_has_no_ratio():
    matched, found = explain([*MATCHED, *planted(of(PITFALLS[0]), of_loss=float("nan"))], BOTH)
    assert matched.loss is not None
    assert found.loss is None
    assert explanation.effects([matched, found]).rows[0].values[0] == "-"
