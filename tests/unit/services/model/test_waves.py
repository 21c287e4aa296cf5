"""Sines and cosines of positions."""

import math

import pytest

from services.model.waves import table


@pytest.mark.parametrize("width", [1, 2, 5, 6])
def test_each_value_is_the_formulas(width: int) -> None:
    found = table(7, width)
    assert found.shape == (7, width)
    for position, row in enumerate(found):
        for value, made in enumerate(row):
            angle = position / 10_000 ** (2 * (value // 2) / width)
            wanted = math.cos(angle) if value % 2 else math.sin(angle)
            assert made == pytest.approx(wanted, abs=1e-15)
