"""Where a simulated history changed, and how often one is claimed where there is none."""

import numpy as np
import pytest

from orchestrator.results.track.changes import LEAST, _divergences, changes, fewest
from tests.builders import noise

RATE = 0.01


def history(seed, runs, *planted, trials=8):
    """Medians of runs, each some hours after the last; ``planted``: from where on, how much."""
    rng = np.random.default_rng(seed)
    values = np.array([np.median(noise.trials(rng, trials)) for _ in range(runs)])
    for at, ratio in planted:
        values[at:] *= ratio
    return list(values)


@pytest.mark.parametrize(("at", "runs"), [(20, 40), (10, 30), (24, 30)])
@pytest.mark.parametrize("ratio", [1.10, 1 / 1.10])
def test_a_change_of_10_percent_is_found_at_its_place(at, runs, ratio):
    found = [changes(history(seed, runs, (at, ratio)), RATE) for seed in range(8)]
    assert all(len(each) >= 1 for each in found)
    places = [min(abs(split.at - at) for split in each) for each in found]
    assert sum(place <= 1 for place in places) >= 7


def test_several_changes_are_found_each_at_its_place():
    found = changes(history(1, 60, (15, 1.15), (40, 0.85)), RATE)
    assert [split.at for split in found] == [15, 40]
    assert all(split.p <= RATE for split in found)


def test_a_history_without_a_change_claims_one_no_more_often_than_its_rate():
    rate = 0.05  # which fewer histories can tell from a higher one
    claimed = sum(bool(changes(history(seed, 20), rate)) for seed in range(100))
    assert claimed <= 10  # of 5 expected: 11 or more have a chance of 1 %


def test_a_run_that_was_disturbed_is_no_change():
    values = history(3, 30)
    values[12] *= 3
    assert changes(values, RATE) == []


@pytest.mark.parametrize("rate", [0.05, 0.01, 0.001])
def test_the_fewest_runs_can_show_a_change_and_fewer_cannot(rate):
    least = fewest(rate)
    steps = [1.0 + 0.001 * number for number in range(least)]
    apart = [value * (2.0 if number >= least // 2 else 1.0) for number, value in enumerate(steps)]
    assert [split.at for split in changes(apart, rate)][:1] == [least // 2]
    assert changes(apart[1:], rate / 4) == []


def test_short_and_equal_histories_have_no_change():
    assert changes([], RATE) == []
    assert changes([1.0] * (2 * LEAST - 1), RATE) == []
    assert changes([1.0] * 30, RATE) == []


def test_the_divergence_is_that_of_the_paper():
    values = np.random.default_rng(0).standard_normal(9)
    distances = np.abs(values[:, np.newaxis] - values)
    expected = []
    for m in range(LEAST, 9 - LEAST + 1):
        first, second = values[:m], values[m:]
        n = len(second)
        across = np.mean([abs(x - y) for x in first for y in second])
        inner = np.mean([abs(a - b) for i, a in enumerate(first) for b in first[i + 1 :]])
        other = np.mean([abs(a - b) for i, a in enumerate(second) for b in second[i + 1 :]])
        expected.append(m * n / (m + n) * (2 * across - inner - other))
    np.testing.assert_allclose(_divergences(distances[np.newaxis])[0], expected)
