import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.results.estimate import FEWEST_PAIRS, centre, estimate, estimate_apart

SECONDS = st.floats(0.1, 100)
PAIRS = st.lists(st.tuples(SECONDS, SECONDS), min_size=1, max_size=12)
LAW = settings(max_examples=25)


def sides(pairs):
    first, second = zip(*pairs, strict=True)
    return first, second


@LAW
@given(PAIRS)
def test_exchanging_the_sides_inverts_the_ratio_and_its_interval(pairs):
    first, second = sides(pairs)
    one, other = estimate(first, second), estimate(second, first)
    assert one.ratio == pytest.approx(1 / other.ratio)
    if one.low is not None:
        # Resamples are as likely, but not the same ones: the ends agree but for that.
        assert one.low == pytest.approx(1 / other.high, rel=1e-6)
        assert one.high == pytest.approx(1 / other.low, rel=1e-6)


@LAW
@given(PAIRS, st.floats(1e-3, 1e3))
def test_scaling_both_sides_changes_nothing(pairs, factor):
    first, second = sides(pairs)
    one = estimate(first, second)
    other = estimate([factor * f for f in first], [factor * s for s in second])
    assert other.ratio == pytest.approx(one.ratio)
    if one.low is not None:
        assert (other.low, other.high) == pytest.approx((one.low, one.high))


@LAW
@given(PAIRS)
def test_the_ratio_lies_in_its_interval_and_the_interval_among_the_pairs(pairs):
    first, second = sides(pairs)
    found = estimate(first, second)
    ratios = [s / f for f, s in pairs]
    assert min(ratios) * (1 - 1e-9) <= found.ratio <= max(ratios) * (1 + 1e-9)
    if found.low is not None:
        assert min(ratios) * (1 - 1e-9) <= found.low <= found.ratio * (1 + 1e-9)
        assert found.ratio * (1 - 1e-9) <= found.high <= max(ratios) * (1 + 1e-9)


@pytest.mark.parametrize("noise", ["normal", "disturbed"])
@pytest.mark.parametrize("pairs", [8, 16])
def test_the_interval_holds_the_truth_as_often_as_it_says(noise, pairs):
    rng = np.random.default_rng(3)
    held, repeats = 0, 200
    for _ in range(repeats):
        log_ratios = 0.03 * rng.normal(size=pairs)
        if noise == "disturbed":  # one trial in seven by a neighbour
            log_ratios *= np.where(rng.random(pairs) < 1 / 7, 4, 1)
        found = estimate(np.ones(pairs), 1.1 * np.exp(log_ratios))
        held += found.low <= 1.1 <= found.high
    assert 0.93 <= held / repeats <= 0.975


def test_few_pairs_have_no_interval():
    few = FEWEST_PAIRS - 1
    found = estimate([1.0] * few, [1.1] * few)
    assert found.ratio == pytest.approx(1.1)
    assert (found.low, found.high, found.half_width) == (None, None, None)
    assert not found.shown


def test_a_clear_difference_is_shown_and_noise_is_not():
    noise = [0.98, 1.01, 1.0, 1.02, 0.99, 1.005, 0.995, 1.015]
    assert not estimate([1.0] * 8, noise).shown
    clear = estimate([1.0] * 8, [1.1 * n for n in noise])
    assert clear.shown
    assert 1.05 < clear.low < clear.ratio < clear.high < 1.15
    assert clear.half_width == pytest.approx((clear.high / clear.low) ** 0.5 - 1)


def test_pairs_that_are_all_alike_have_an_interval_of_no_width():
    found = estimate([2.0] * 6, [3.0] * 6)
    assert found.low == found.ratio == found.high == pytest.approx(1.5)


def test_one_disturbed_pair_of_eight_hardly_moves_the_estimate():
    calm = [1.0] * 8
    assert estimate(calm, [1.01, 0.99, 1.0, 1.0, 1.02, 0.98, 1.0, 5.0]).ratio < 1.02


def test_the_centre_is_the_median_of_all_means_of_two():
    values = np.array([0.0, 1.0, 10.0])
    means = [0, 0.5, 5, 1, 5.5, 10]
    assert centre(values) == np.median(means)
    assert centre(np.stack([values, 2 * values])).tolist() == [
        np.median(means),
        2 * np.median(means),
    ]


def test_what_does_not_make_pairs_is_refused():
    with pytest.raises(ValueError, match="2 and 1 values"):
        estimate([1, 2], [1])
    with pytest.raises(ValueError, match="0 and 0"):
        estimate([], [])


@pytest.mark.parametrize(("one", "other"), [(8, 8), (6, 20)])
def test_the_interval_of_trials_that_make_no_pairs_holds_the_truth_too(one, other):
    rng = np.random.default_rng(5)
    held, repeats = 0, 200
    for _ in range(repeats):
        found = estimate_apart(
            np.exp(0.03 * rng.normal(size=one)).tolist(),
            (1.1 * np.exp(0.03 * rng.normal(size=other))).tolist(),
        )
        held += found.low <= 1.1 <= found.high
    assert 0.9 <= held / repeats <= 0.995


@pytest.mark.parametrize(("first", "second"), [([], [1.0]), ([1.0], [])])
def test_nothing_cannot_be_held_against_something(first, second):
    with pytest.raises(ValueError, match="cannot be held"):
        estimate_apart(first, second)


@pytest.mark.parametrize("ratios", [[0.9, 1.1] * 3, [0.9, 1.1] * 4, [1.0] * 7 + [1.2]], ids=str)
def test_ratios_whose_centre_no_single_one_moves_have_an_interval_too(ratios):
    found = estimate([1.0] * len(ratios), ratios)
    assert found.low is not None
    assert found.high is not None
    assert min(ratios) * 0.999 <= found.low <= found.ratio <= found.high <= max(ratios) * 1.001
