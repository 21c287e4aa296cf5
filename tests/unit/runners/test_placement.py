"""The order of trials: fair to all sides, whatever was drawn."""

import itertools
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinrun.v1 import job_pb2

from orchestrator.runners.placement import placements
from orchestrator.trials.sides import Side, are_the_same, framework_of, sides, twice

SIDES = sides(["pytorch", "tensorflow"])
MANY = sides("abcdefgh")


def order(repeats, seed=0, sides=SIDES, spec=None, **given):
    rng = random.Random(seed)
    spec = spec or job_pb2.JobSpec(seed=10)
    return list(placements(sides, spec, lambda number: number >= repeats, rng=rng, **given))


@given(st.integers(), st.integers(1, 12), st.sampled_from([SIDES, twice("pytorch"), MANY]))
def test_each_repetition_has_one_trial_of_each_side(seed, repeats, sides):
    found = order(repeats, seed, sides)
    for number, group in itertools.groupby(found, key=lambda each: each.number):
        assert sorted(each.side for each in group) == sorted(side.name for side in sides)
        assert 1 <= number <= repeats
    assert len(found) == repeats * len(sides)


@given(st.integers(), st.integers(1, 6))
def test_each_side_goes_first_equally_often_in_every_four_trials(seed, blocks):
    found = [each.side for each in order(2 * blocks, seed)]
    for start in range(0, len(found), 4):
        four = found[start : start + 4]
        assert four == four[::-1]  # ABBA or BAAB


@given(st.integers(), st.integers(1, 8), st.integers(1, 3))
def test_over_as_many_blocks_as_sides_each_stands_once_at_each_place(seed, count, squares):
    found = order(squares * count, seed, MANY[:count])
    blocks = [[each.side for each in found[at : at + count]] for at in range(0, len(found), count)]
    for start in range(0, len(blocks), count):
        for place in zip(*blocks[start : start + count], strict=True):
            assert len(set(place)) == count


@given(st.integers(), st.integers(2, 8))
def test_each_side_follows_each_other_one_equally_often(seed, count):
    blocks = count * (1 + count % 2)
    found = [each.side for each in order(blocks, seed, MANY[:count])]
    starts = range(0, len(found), count)
    followed = Counter(pair for at in starts for pair in itertools.pairwise(found[at : at + count]))
    assert len(followed) == count * (count - 1)
    assert len(set(followed.values())) == 1


def test_a_side_that_changes_the_job_runs_its_own_spec_with_the_blocks_seed():
    changed = Side("pytorch", (("execution", "compiled"), ("optimizer.learning_rate", "0.5")))
    spec = job_pb2.JobSpec(seed=10, optimizer={"learning_rate": 0.1, "sgd": {"momentum": 0.9}})
    found = {each.side: each for each in order(1, sides=[Side("pytorch"), changed], spec=spec)}
    assert {each.runner for each in found.values()} == {"pytorch"}
    assert found["pytorch"].spec == spec
    own = found[changed.name].spec
    assert own.execution == job_pb2.EXECUTION_COMPILED
    assert own.optimizer.learning_rate == 0.5
    assert own.optimizer.sgd.momentum == 0.9
    assert own.seed == 10


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
    sides = twice(framework.name)
    assert len(set(sides)) == 2
    names = [side.name for side in sides]
    assert {framework_of(name) for name in names} == {framework.name}
    assert are_the_same(names)
    assert not are_the_same([side.name for side in SIDES])
    assert not are_the_same([framework.name])
    assert {each.runner for each in order(2, sides=sides)} == {framework.name}
