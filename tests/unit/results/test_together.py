"""A gap is split into its parts, and two differences that interact are named."""

import pytest

from orchestrator.reports.habits import attribution as report
from orchestrator.results.habits.explanation import as_dict, explain
from orchestrator.results.habits.interactions import twos
from orchestrator.results.habits.numbering import (
    number_of,
    number_of_idiomatic,
    number_of_two,
    repetition_of,
    repetition_of_idiomatic,
    repetition_of_two,
)
from orchestrator.results.habits.pitfalls import PITFALLS
from orchestrator.results.habits.together import Together, together, with_together
from tests.builders.explained import BOTH
from tests.builders.planted import BY_NAME, MATCHED, of, planted

VALUES, NORM, READ = (BY_NAME[n] for n in ("initial-values", "norm-momentum", "loss-read"))


def two(*pitfalls):
    return lambda repetition: number_of_two(pitfalls, repetition)


def test_a_gap_comes_from_the_differences_that_are_in_it_the_largest_first():
    trials = [
        *MATCHED,
        *planted(of(NORM), points=0.01),
        *planted(of(VALUES), points=0.1),
        *planted(of(READ), points=0.05),  # which the recipe does not have
        *planted(number_of_idiomatic, points=0.12),
    ]
    found = together(trials, BOTH).attribution
    assert found.gap.low < 0.12 < found.gap.high
    assert found.matched.within_noise
    assert [pitfall for pitfall, _ in found.moved] == [VALUES, NORM]
    assert found.moved[0][1].low < 0.1 < found.moved[0][1].high
    assert found.rest.low < 0.01 < found.rest.high
    assert not found.rest.within_noise
    parts = [found.matched, *(amount for _, amount in found.moved), found.rest]
    assert sum(each.value for each in parts) == pytest.approx(found.gap.value, abs=1e-12)
    lines = [(line.name, line.values[0]) for line in report.gap(found, metric_of(trials)).rows]
    assert [name for name, _ in lines][2:] == [
        "Own initial values",
        "Momentum of batch norm",
        "the rest, which none of them explains",
    ]
    assert lines[0][1].startswith("+12.0")


def metric_of(trials):
    return explain(trials, BOTH)[0].metric


def test_without_the_recipe_there_is_no_gap():
    found = together([*MATCHED, *planted(of(VALUES), points=0.1)], BOTH)
    assert (found.attribution, list(found.interactions)) == (None, [])
    assert together([], BOTH) == Together()


def test_two_that_do_more_together_than_each_alone_are_named():
    trials = [
        *MATCHED,
        *planted(of(VALUES), 1.0, 0.01),
        *planted(of(NORM), 1.0, 0.02),
        *planted(of(READ), 1.2),
        *planted(two(VALUES, NORM), 1.0, 0.07),
        *planted(two(READ, NORM), 1.2, 0.02),
        *planted(two(VALUES, READ), 1.8, 0.01),
    ]
    found = together(trials, BOTH).interactions
    shown = {frozenset((each.first.name, each.second.name)) for each in found if each.shown}
    assert shown == {
        frozenset(("initial-values", "norm-momentum")),
        frozenset(("initial-values", "loss-read")),
    }
    by_two = {(each.first.name, each.second.name): each for each in found}
    moved = by_two["initial-values", "norm-momentum"]
    assert moved.more.low < 0.04 < moved.more.high
    assert moved.alone.value == pytest.approx(0.03, abs=2e-3)
    slower = by_two["initial-values", "loss-read"]
    assert slower.times.low < 1.5 < slower.times.high
    said = report.which(found)
    assert "Own initial values with Momentum of batch norm" in said
    assert "Own initial values with Loss read after each step" in said
    assert "Momentum of batch norm with Loss read after each step" not in said
    rows = explain(trials, BOTH)
    held = with_together(as_dict("w", [rows]), [together(trials, BOTH)])
    assert {each["first"] for each in held["interactions"]} == {"initial-values", "norm-momentum"}
    of_several = with_together(as_dict("w", [rows, rows]), [together(trials, BOTH), Together()])
    assert "interactions" in of_several["pairs"][0]
    assert "interactions" not in of_several["pairs"][1]


def test_two_that_are_independent_are_said_to_be():
    trials = [*MATCHED, *planted(of(VALUES), 1.1), *planted(of(NORM), 1.2)]
    trials += planted(two(VALUES, NORM), 1.32)
    assert report.which(together(trials, BOTH).interactions) == (
        "No two interact beyond their intervals."
    )


def test_one_pair_of_trials_shows_no_interaction():
    trials = [t for t in [*MATCHED, *planted(of(VALUES)), *planted(of(NORM))] if t.number < 100]
    trials += planted(two(VALUES, NORM), 9.0)[:2]
    assert "Too few" in report.which(together(trials, BOTH).interactions)


def test_every_trials_number_is_of_one_variant():
    some = [*twos(PITFALLS)][::7]
    for repetition in (0, 1, 999):
        for pitfall in (None, *PITFALLS):
            number = number_of(pitfall, repetition)
            assert repetition_of(number, pitfall) == repetition
            assert repetition_of_idiomatic(number) is None
            assert not any(repetition_of_two(number, each) is not None for each in some)
        number = number_of_idiomatic(repetition)
        assert repetition_of_idiomatic(number) == repetition
        assert all(repetition_of(number, pitfall) is None for pitfall in (None, *PITFALLS))
        for each in some:
            number = number_of_two(each, repetition)
            assert repetition_of_two(number, each) == repetition
            assert all(repetition_of(number, pitfall) is None for pitfall in (None, *PITFALLS))
            assert sum(repetition_of_two(number, other) is not None for other in some) == 1


def test_no_two_of_which_one_contains_the_other_are_tried():
    names = {frozenset(each.name for each in both) for both in twos(PITFALLS)}
    assert frozenset(("initial-values", "initialisers")) not in names
    assert frozenset(("data-pipeline", "pipeline-workers")) not in names
    assert frozenset(("running-accuracy", "threads")) not in names
    assert frozenset(("adam-epsilon", "norm-epsilon")) in names
