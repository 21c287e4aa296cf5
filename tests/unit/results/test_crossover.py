"""Crossovers in simulated trial times: found where there is one, and claimed nowhere else."""

import numpy as np
import pytest

from orchestrator.results.sweeps.crossover import Point, crossovers, fewest_blocks

SIZES = (16, 64, 256, 1024)


def line(seed, means, blocks=8, noise=0.03):
    """A cell for each size; a block's log ratio is the mean of its cell and noise."""
    rng = np.random.default_rng(seed)
    logs = [mean + noise * rng.normal(size=blocks) for mean in means]
    return [Point(size, np.exp(each).tolist()) for size, each in zip(SIZES, logs, strict=False)]


def crossing(at, slope=0.1):
    return [slope * np.log(size / at) for size in SIZES]


def test_a_planted_crossover_is_in_its_interval_as_often_as_it_says():
    held, seeds = 0, 25
    for seed in range(seeds):
        (found,) = crossovers(line(seed, crossing(150)))
        assert not found.baseline_below
        held += found.low <= 150 <= found.high
    assert held >= 22  # of 400 seeds 97 %


def test_a_line_that_only_touches_1_claims_none_more_often_than_it_says():
    """The worst case: the ratio is 1 in every cell but one, which is far above it."""
    claims = sum(len(crossovers(line(seed, [0.5, 0, 0, 0]))) for seed in range(30))
    assert claims <= 4  # of 1,000 seeds 3 %


@pytest.mark.parametrize("mean", [-0.02, 0.0, 0.2])
def test_none_is_claimed_where_all_cells_are_alike(mean):
    assert not any(crossovers(line(seed, [mean] * 4)) for seed in range(10))


def test_none_is_claimed_with_too_few_blocks_however_clear_they_are():
    enough = fewest_blocks(4)
    assert crossovers(line(0, crossing(150, 1.0), blocks=enough))
    assert not crossovers(line(0, crossing(150, 1.0), blocks=enough - 1))


def test_it_says_which_side_is_faster_below_and_every_crossover_of_a_line():
    there, back = crossovers(line(0, [0.3, -0.3, -0.3, 0.3]))
    assert (there.baseline_below, back.baseline_below) == (True, False)
    assert 16 < there.low <= there.at <= there.high < 64
    assert 256 < back.low <= back.at <= back.high < 1024
    assert there.at == pytest.approx(32, rel=0.05)  # in the middle, by logarithms


def test_exchanging_the_sides_moves_nothing():
    points = line(0, crossing(150))
    inverse = [Point(p.at, [1 / each for each in p.ratios]) for p in points]
    (one,), (other,) = crossovers(points), crossovers(inverse)
    assert (other.at, other.low, other.high) == pytest.approx((one.at, one.low, one.high))
    assert other.baseline_below is not one.baseline_below


def test_an_axis_that_has_a_zero_is_taken_as_it_is():
    values = [-0.3 + 0.01 * each for each in range(-4, 4)]
    points = [Point(0.0, np.exp(values).tolist()), Point(0.9, np.exp(-np.array(values)).tolist())]
    (found,) = crossovers(points)
    assert found.at == pytest.approx(0.45)


def test_a_difference_too_small_to_matter_makes_no_crossover():
    points = line(0, [-0.005, 0.005, 0.005, 0.005], noise=1e-5)
    assert not crossovers(points)


def test_a_cell_without_ratios_shows_nothing():
    points = line(0, crossing(150))
    assert len(crossovers([*points, Point(2048, ())])) == 1
    assert not crossovers([Point(16, ()), Point(64, ())])


@pytest.mark.parametrize("ratios", [(), (1.0,)])
def test_a_cell_of_too_few_blocks_in_between_is_left_out_of_the_line(ratios):
    points = line(0, crossing(150))
    without = [point for point in points if point.at != 64]
    planted = [Point(64, ratios) if point.at == 64 else point for point in points]
    assert crossovers(planted) == crossovers(without) != []


def over(seed, means, differ=0.05, machines=4, blocks=3):
    """The same on machines that differ: what a machine adds is in all of its cells."""
    rng = np.random.default_rng(seed)
    names = [name for name in "abcdefgh"[:machines] for _ in range(blocks)]
    common = np.repeat(differ * rng.normal(size=machines), blocks)
    logs = [mean + common + 0.02 * rng.normal(size=len(names)) for mean in means]
    return [
        Point(size, np.exp(each).tolist(), names) for size, each in zip(SIZES, logs, strict=True)
    ]


def alone(points):
    """The same as if nobody knew of machines."""
    return [Point(point.at, point.ratios) for point in points]


def holds(points):
    (found,) = crossovers(points)
    return found.low <= 150 <= found.high


def test_over_machines_a_crossover_is_in_an_interval_that_covers_them():
    several = [over(seed, crossing(150, 0.3)) for seed in range(25)]
    assert sum(map(holds, several)) >= 22  # of 200 seeds 94 %
    assert sum(map(holds, map(alone, several[:10]))) < 8, "blocks alone would do"


def test_over_machines_a_line_that_only_touches_1_claims_none_more_often_than_it_says():
    lines = [over(seed, [0.5, 0, 0, 0]) for seed in range(30)]
    assert sum(len(crossovers(each)) for each in lines) <= 4  # of 200 seeds 4.5 %
    assert sum(len(crossovers(alone(each))) for each in lines[:8]) > 2


def test_a_cell_that_one_machine_ran_alone_has_no_part_in_the_place_between_others():
    points = over(0, crossing(150, 0.3))
    without = [point for point in points if point.at != 64]
    alone = [Point(p.at, p.ratios, ["a"] * len(p.ratios)) if p.at == 64 else p for p in points]
    assert crossovers(alone) == crossovers(without) != []


def test_a_cell_that_one_of_several_machines_ran_alone_shows_nothing():
    points = over(0, crossing(150, 0.3))
    assert crossovers(points)
    planted = [Point(p.at, p.ratios, ["a"] * len(p.ratios)) if p.at == 16 else p for p in points]
    assert all(found.between[0] > 16 for found in crossovers(planted))
    assert crossovers([Point(p.at, p.ratios, ["a"] * len(p.ratios)) for p in points]) == crossovers(
        alone(points)
    )
