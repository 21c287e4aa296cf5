"""Which samples are held out for the test."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.data.split import held_out
from orchestrator.errors import BadInput

LAW = settings(database=None, max_examples=60)


@LAW
@given(st.integers(2, 400), st.floats(0.05, 0.95), st.integers(0, 2**31 - 1))
def test_numbers_are_split_at_the_fraction(samples, fraction, seed):
    values = np.zeros((samples, 1))
    size = round(samples * fraction)
    if not 0 < size < samples:
        with pytest.raises(BadInput, match="each needs at least 1"):
            held_out(values, fraction, seed)
        return
    assert held_out(values, fraction, seed).sum() == size


@LAW
@given(
    st.lists(st.integers(2, 60), min_size=2, max_size=6),
    st.floats(0.05, 0.95),
    st.integers(0, 2**31 - 1),
)
def test_each_class_has_its_share_on_both_sides(sizes, fraction, seed):
    codes = np.repeat(np.arange(len(sizes)), sizes)
    np.random.default_rng(seed).shuffle(codes)
    chosen = held_out(codes, fraction, seed, tuple("abcdef"[: len(sizes)]))
    for code, size in enumerate(sizes):
        held = int(chosen[codes == code].sum())
        assert 0 < held < size
        assert abs(held - size * fraction) <= 1


def test_it_is_the_seeds_and_nothing_elses():
    codes = np.arange(100) % 2
    one, again, other = (held_out(codes, 0.2, seed, ("a", "b")) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_a_class_of_one_sample_is_refused():
    with pytest.raises(BadInput, match="Class 'b' has 1 sample"):
        held_out(np.array([0, 0, 1]), 0.5, 0, ("a", "b"))
