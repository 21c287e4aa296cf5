"""Arrays of traces as numbers."""

import numpy as np
import pytest

from orchestrator.pairing.measure import solved

TABLE = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])


@pytest.mark.parametrize("columns", [(), (2,)])
def test_a_line_is_found_of_one_row_of_numbers_or_of_several(columns):
    wanted = TABLE @ np.full((2, *columns), 3.0)
    np.testing.assert_allclose(solved(TABLE, wanted), np.full((2, *columns), 3.0))


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_of_what_is_not_finite_there_is_no_solution_and_nothing_on_the_terminal(number, capfd):
    for table, wanted in ((TABLE + number, TABLE), (TABLE, TABLE + number)):
        assert np.isnan(solved(table, wanted)).all()
        assert solved(table, wanted).shape == (2, 2)
    assert capfd.readouterr() == ("", "")
