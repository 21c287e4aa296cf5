"""What is within a range, and what is said of the rest."""

import math

import pytest
from twinrun.contract.ranges import between


@pytest.mark.parametrize("value", [1, 5, 10])
def test_the_ends_of_a_range_are_in_it(value):
    assert not list(between("field", value, 1, 10))


@pytest.mark.parametrize("value", [0, 11, math.nan, math.inf, -math.inf, 0.999])
def test_what_is_not_within_a_range_is_out_of_it(value):
    (found,) = between("field", value, 1, 10)
    assert found.field == "field"
    assert found.message == f"is {value}; it must be from 1 to 10"
