"""A step's samples are shared among devices without one left out or taken twice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.model.shares import shares


@pytest.mark.parametrize(
    ("samples", "devices", "wanted"),
    [(64, 3, [22, 21, 21]), (64, 1, [64]), (2, 3, [1, 1, 0]), (32, 4, [8, 8, 8, 8])],
)
def test_the_first_devices_take_one_more(samples, devices, wanted):
    assert [share.samples for share in shares(samples, devices)] == wanted


@given(st.integers(1, 200), st.integers(1, 64))
def test_every_sample_is_of_one_device_and_all_weights_are_one(samples, devices):
    found = shares(samples, devices)
    taken = [place for share in found if share.samples for place in range(samples)[share.part]]
    assert taken == list(range(samples))
    assert sum(share.weight for share in found) == pytest.approx(1, rel=1e-14)
    assert sum(share.places.sum() for share in found) == pytest.approx(1, rel=1e-14)


def test_a_device_without_samples_computes_one_that_counts_nothing():
    share = shares(2, 3)[2]
    assert (share.part, share.weight) == (slice(0, 1), 0)
    np.testing.assert_array_equal(share.places, [0])
