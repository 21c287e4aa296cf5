"""Ratios over machines, which are a random effect."""

import itertools
import math

import numpy as np
import pytest

from orchestrator.results.estimate import estimate
from orchestrator.results.machines.effect import apart, between, effects, estimate_over


def drawn(seed, counts, between_machines, scatter=0.03):
    """The log ratio of each block, and its machine."""
    rng = np.random.default_rng(seed)
    where = np.repeat(np.arange(len(counts)), counts)
    own = between_machines * rng.normal(size=len(counts))
    return own[where] + scatter * rng.normal(size=len(where)), [f"m{number}" for number in where]


def over(logs, machines, together=1):
    return estimate_over([1.0] * len(logs), np.exp(logs), machines, together)


def test_one_machine_is_as_without_machines():
    logs, _ = drawn(0, [8], 0.0)
    assert over(logs, ["a"] * 8) == over(logs, [""] * 8)
    assert over(logs, ["a"] * 8) == estimate([1.0] * 8, np.exp(logs))


@pytest.mark.parametrize("counts", [[4, 4, 4], [2, 3, 5, 8]])
@pytest.mark.parametrize("spread", [0.0, 0.02, 0.05])
def test_the_interval_holds_the_truth_as_often_as_it_says(counts, spread):
    found = [over(*drawn(seed, counts, spread)) for seed in range(150)]
    held = sum(each.low <= 1 <= each.high for each in found) / len(found)
    assert held > 0.9


def test_an_interval_of_blocks_alone_would_not():
    """The fault that it is for: blocks of one machine taken for independent ones."""
    held = 0
    for seed in range(30):
        logs, _ = drawn(seed, [4, 4, 4], 0.05)
        alone = estimate([1.0] * len(logs), np.exp(logs))
        held += alone.low <= 1 <= alone.high
    assert held / 30 < 0.8


def test_a_machine_with_many_blocks_does_not_outvote_the_others():
    logs = [0.0] * 40 + [0.2, 0.21, 0.19, 0.3, 0.31, 0.29]
    machines = ["a"] * 40 + ["b"] * 3 + ["c"] * 3
    assert over(np.array(logs), machines).ratio == pytest.approx(math.exp(1 / 6), rel=0.01)


def test_exchanging_sides_or_the_order_of_blocks_changes_nothing_else():
    logs, machines = drawn(3, [3, 4, 5], 0.02)
    one, other = over(logs, machines), over(-logs, machines)
    ends = one.ratio, one.low, one.high
    assert ends == pytest.approx((1 / other.ratio, 1 / other.high, 1 / other.low))
    order = np.random.default_rng(0).permutation(len(logs))
    mixed = over(logs[order], [machines[index] for index in order])
    assert (mixed.ratio, mixed.low, mixed.high) == pytest.approx(ends)


def test_few_blocks_have_no_interval_and_constant_ones_have_one_without_width():
    few = over(np.array([0.0, 0.1]), ["a", "b"])
    assert few.low is None
    assert few.ratio == pytest.approx(math.exp(0.05))
    constant = over(np.full(8, math.log(2)), ["a", "b"] * 4)
    assert (constant.low, constant.ratio, constant.high) == pytest.approx((2, 2, 2))


def test_more_intervals_at_once_are_wider():
    logs, machines = drawn(4, [4, 4, 4], 0.02)
    assert over(logs, machines, 3).half_width > over(logs, machines).half_width


def test_one_block_on_each_machine_is_students_interval():
    logs, machines = drawn(5, [1] * 8, 0.05)
    found = over(logs, machines)
    mean, error = logs.mean(), logs.std(ddof=1) / math.sqrt(8)
    assert found.ratio == pytest.approx(math.exp(mean))
    assert found.low == pytest.approx(math.exp(mean - 2.3646 * error), rel=1e-4)


def test_the_variance_between_machines_is_the_one_that_explains_their_spread():
    logs, machines = drawn(6, [4] * 6, 0.05, scatter=0.01)
    found = effects(logs, machines)
    variance = between(found)
    weights = 1 / (found.within + variance)
    mean = np.average(found.middle, weights=weights)
    assert (weights * (found.middle - mean) ** 2).sum() == pytest.approx(5)
    alike = np.array([0.1, -0.1, 0.02, 0.1, -0.1, 0.03])
    assert between(effects(alike, ["a"] * 3 + ["b"] * 3)) == 0


def test_a_machine_that_disagrees_is_found_and_others_are_not():
    logs, machines = drawn(8, [6] * 5, 0.0, scatter=0.02)
    assert not any(apart(effects(logs, machines)))
    logs[np.array(machines) == "m3"] += 0.3
    assert list(itertools.compress(range(5), apart(effects(logs, machines)))) == [3]
    logs[np.array(machines) == "m0"] -= 0.2
    assert list(itertools.compress(range(5), apart(effects(logs, machines)))) == [0, 3]
    two, names = np.array([0.0, 0.01, 0.0, 0.3, 0.31, 0.3]), ["a", "a", "a", "b", "b", "b"]
    assert apart(effects(two, names)) == [True, True]  # nobody knows which


def test_machines_that_are_alike_are_seldom_said_to_disagree():
    wrong = [any(apart(effects(*drawn(seed, [4, 4, 4, 4], 0.0)))) for seed in range(200)]
    assert sum(wrong) / len(wrong) < 0.1
