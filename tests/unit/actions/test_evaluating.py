"""How far the logits of an evaluation are from those that were kept."""

import numpy as np
import pytest

from orchestrator.actions.evaluate import largest_difference

KEPT = np.array([[2.0, -4.0], [1.0, 0.0]])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_logit_that_one_side_alone_has_is_infinitely_far(value):
    found = KEPT.copy()
    found[1, 1] = value
    assert largest_difference(KEPT, found) == largest_difference(found, KEPT) == np.inf
    assert largest_difference(found, found) == 0


def test_it_is_relative_to_the_largest_logit():
    assert largest_difference(KEPT, KEPT + 0.5) == 0.125
    assert largest_difference(0 * KEPT, KEPT) == 4
    assert largest_difference(0 * KEPT, 0 * KEPT) == 0
