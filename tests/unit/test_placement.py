"""The order of trials: fair to all sides, whatever was drawn."""

import itertools
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinrun.v1 import job_pb2

from orchestrator.runners.placement import placements
from orchestrator.trials.sides import are_the_same, framework_of, twice

SIDES = ("pytorch", "tensorflow")


def order(repeats, seed=0, sides=SIDES, spec=None, **given):
    rng = random.Random(seed)
    spec = spec or job_pb2.JobSpec(seed=10)
    return list(placements(sides, spec, lambda number: number >= repeats, rng=rng, **given))


@given(st.integers(), st.integers(1, 12), st.sampled_from([SIDES, twice("pytorch")]))
def test_each_repetition_has_one_trial_of_each_side(seed, repeats, sides):
    found = order(repeats, seed, sides)
    for number, group in itertools.groupby(found, key=lambda each: each.number):
        assert sorted(each.side for each in group) == sorted(sides)
        assert 1 <= number <= repeats
    assert len(found) == repeats * len(sides)


@given(st.integers(), st.integers(1, 6))
def test_each_side_goes_first_equally_often_in_every_four_trials(seed, blocks):
    found = [each.side for each in order(2 * blocks, seed)]
    for start in range(0, len(found), 4):
        four = found[start : start + 4]
        assert four == four[::-1]  # ABBA or BAAB


def test_which_side_goes_first_is_drawn():
    first = Counter(order(1, seed)[0].side for seed in range(200))
    assert min(first.values()) > 60
    assert len(first) == 2


def test_a_repetition_has_one_seed_for_all_sides_and_the_next_the_next():
    assert [each.spec.seed for each in order(3)] == [10, 10, 11, 11, 12, 12]


def test_the_same_seed_where_it_is_asked_for():
    assert {each.spec.seed for each in order(3, same_seed=True)} == {10}


def test_seeds_stay_within_what_a_spec_may_have():
    last = job_pb2.JobSpec(seed=2**31 - 1)
    assert [each.spec.seed for each in order(2, spec=last)] == [2**31 - 1] * 2 + [0] * 2


def test_the_spec_that_was_given_stays_as_it_is():
    spec = job_pb2.JobSpec(seed=10)
    order(3, spec=spec)
    assert spec.seed == 10


def test_it_is_asked_after_each_repetition_whether_there_are_enough():
    asked = []
    order = placements(SIDES, job_pb2.JobSpec(), lambda n: bool(asked.append(n)) or n == 3)
    assert len(list(order)) == 6
    assert asked == [1, 2, 3]


@pytest.mark.parametrize("framework", SIDES)
def test_the_sides_of_an_a_a_test_run_on_the_same_framework(framework):
    sides = twice(framework)
    assert len(set(sides)) == 2
    assert {framework_of(side) for side in sides} == {framework}
    assert are_the_same(sides)
    assert not are_the_same(SIDES)
    assert not are_the_same((framework,))
    assert {each.framework for each in order(2, sides=sides)} == {framework}
