"""Relative differences of losses, which may become very small."""

import numpy as np
import pytest

from orchestrator.trials.relative import of_losses


def test_a_loss_that_is_nearly_0_is_held_against_a_hundredth_of_the_first():
    first = np.array([2.0, 1.0, 1e-6, 0.0])
    second = np.array([2.0, 1.0 + 1e-9, 1e-6 + 2e-16, 1e-16])
    assert of_losses(first, second) == pytest.approx([0, 1e-9, 1e-14, 5e-15], rel=1e-3)


def test_a_first_loss_of_0_or_none_at_all_hides_nothing():
    assert of_losses(np.array([0.0, 1.0]), np.array([0.0, 1.1])) == pytest.approx([0, 0.1 / 1.1])
    assert len(of_losses(np.empty(0), np.empty(0))) == 0
    beyond = of_losses(np.array([np.nan, 1.0]), np.array([1.0, 2.0]))
    assert beyond.tolist() == [np.inf, 0.5]


def test_an_evaluations_loss_is_held_against_that_of_the_first_step():
    one, other = np.array([1e-6]), np.array([1e-6 + 2e-16])
    assert of_losses(one, other, np.array([2.0])) == pytest.approx([1e-14], rel=1e-3)
    assert of_losses(one, other, np.empty(0)) == pytest.approx([2e-10], rel=1e-3)
