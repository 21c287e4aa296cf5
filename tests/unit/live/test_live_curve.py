"""A live curve: what thinning keeps, by laws."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.live.curve import MOST, Curve, extended, for_steps, tip

finite = st.floats(-1e6, 1e6)
values = st.lists(finite, min_size=1, max_size=3 * MOST)


def whole(found: list[float], steps: int = 0) -> Curve:
    return extended(for_steps(steps) if steps else Curve(), 0, found, version=1)


@given(values)
def test_a_thinned_curve_keeps_the_first_step_the_last_the_least_and_the_greatest(found):
    curve = whole(found)
    assert curve.buckets[0].first == 0
    assert curve.last == (len(found) - 1, found[-1])
    assert min(bucket.least for bucket in curve.buckets) == min(found)
    assert max(bucket.greatest for bucket in curve.buckets) == max(found)


@given(values)
def test_no_value_is_counted_twice_or_left_out(found):
    curve = whole(found)
    assert sum(bucket.number for bucket in curve.buckets) == len(found)
    assert sum(bucket.total for bucket in curve.buckets) == pytest.approx(sum(found), abs=1e-3)


@given(values, st.lists(st.integers(0, 3 * MOST)), st.integers(0, 2000))
def test_the_pieces_in_which_values_come_make_no_difference(found, cuts, steps):
    curve = for_steps(steps) if steps else Curve()
    edges = sorted({0, len(found), *(cut for cut in cuts if cut < len(found))})
    for version, (start, end) in enumerate(itertools.pairwise(edges)):
        curve = extended(curve, start, found[start:end], version)
    once = whole(found, steps)
    assert curve.width == once.width
    assert curve.last == once.last
    # Sums are taken in another order.
    for a, b in zip(curve.buckets, once.buckets, strict=True):
        assert (a.first, a.number, a.least, a.greatest) == (b.first, b.number, b.least, b.greatest)
        assert a.total == pytest.approx(b.total)


@given(st.integers(1, 40 * MOST), st.integers(1, 50))
def test_a_curve_stays_small_however_long_the_run(steps, piece):
    curve = Curve()
    for start in range(0, steps, piece * 40):
        count = min(piece * 40, steps - start)
        curve = extended(curve, start, [1.0] * count, version=start)
    assert len(curve.buckets) <= MOST
    assert len(curve.buckets) >= min(steps, MOST // 2) - 1


@given(values, st.lists(finite, max_size=2 * MOST))
def test_buckets_that_have_not_changed_keep_their_version(before, after):
    first = whole(before)
    second = extended(first, len(before), after, version=2)
    changed = [bucket for bucket in second.buckets if bucket.version == 2]
    kept = second.buckets[: len(second.buckets) - len(changed)]
    assert second.buckets == (*kept, *changed)
    if second.width == first.width:
        assert kept == first.buckets[: len(kept)]


@given(values, st.integers(1, 100_000))
def test_runs_of_the_same_length_have_their_points_at_the_same_steps(found, steps):
    other = whole([0.0] * len(found), steps)
    assert [bucket.first for bucket in whole(found, steps).buckets] == [
        bucket.first for bucket in other.buckets
    ]


def test_what_is_no_number_is_in_no_bucket_but_is_the_last_value():
    curve = whole([1.0, math.nan, math.inf, 3.0, math.nan])
    assert sum(bucket.number for bucket in curve.buckets) == 2
    assert curve.last is not None
    assert curve.last[0] == 4
    assert math.isnan(curve.last[1])


def test_the_tip_of_a_curve_is_no_single_noisy_step():
    steady = extended(for_steps(1000), 0, [1.0] * 20, version=1)
    assert tip(steady) == 1
    assert tip(extended(steady, 20, [12.0], version=2)) == 2
    assert tip(Curve()) is None
