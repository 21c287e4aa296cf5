"""How far losses and accuracies of two sides agree."""

from dataclasses import replace

import numpy as np
import pytest

from orchestrator.results.comparison import compare
from orchestrator.trials.fold import fold
from tests.builders.comparisons import timed
from tests.builders.events import JOB, failed_trial, losses, trial


def test_what_agrees_is_told_of_the_trials_that_count():
    trials = [timed(side, 1.0, number) for side in ("pytorch", "tensorflow") for number in (1, 2)]
    failed = replace(failed_trial("pytorch", 1), losses=np.array([9.0]))
    (found,) = compare(JOB, [failed, *trials[1:]]).agreements
    assert found.largest_loss_difference == 0
    odd = replace(trials[3], losses=1.5 * trials[3].losses)
    (found,) = compare(JOB, [*trials[:3], odd]).agreements
    assert found.largest_loss_difference == pytest.approx(1 / 3)


def test_the_largest_relative_loss_difference_is_found_with_its_step():
    values = losses(3)
    values[7] *= 1.25
    values[99] *= 0.9
    other = trial("tensorflow", step_losses=values)
    (found,) = compare(JOB, [trial("pytorch"), other]).agreements
    assert (found.first, found.second, found.steps) == ("pytorch", "tensorflow", 150)
    assert found.largest_loss_difference == pytest.approx(0.2)
    assert found.at_step == 7


def test_losses_are_compared_over_the_common_steps_only():
    (found,) = compare(JOB, [trial("pytorch"), failed_trial("tensorflow")]).agreements
    assert (found.steps, found.largest_loss_difference) == (70, 0.0)


@pytest.mark.parametrize("values", [(np.nan, 1.0), (1.0, np.inf), (np.nan, np.nan)])
def test_a_loss_that_is_not_finite_is_an_infinite_difference(values):
    first, second = (replace(trial(), losses=np.array([1.0, value])) for value in values)
    second = replace(second, framework="tensorflow")
    (found,) = compare(JOB, [first, second]).agreements
    assert (found.largest_loss_difference, found.at_step) == (np.inf, 1)


def test_two_zero_losses_are_the_same():
    zeros = replace(trial(), losses=np.zeros(2))
    (found,) = compare(JOB, [zeros, replace(zeros, framework="tensorflow")]).agreements
    assert found.largest_loss_difference == 0.0


def test_accuracies_are_compared_after_the_last_common_epoch():
    first = trial("pytorch", accuracies=[0.90, 0.95, 0.99])
    second = trial("tensorflow", seconds=(1.0, 1.0), accuracies=[0.91, 0.94])
    (found,) = compare(JOB, [first, second]).agreements
    assert found.metric_difference == pytest.approx(-0.01)


def test_trials_without_steps_agree_on_nothing():
    trials = [fold("pytorch", 1, []), fold("tensorflow", 1, [])]
    (found,) = compare(JOB, trials).agreements
    assert (found.steps, found.largest_loss_difference, found.metric_difference) == (
        0,
        None,
        None,
    )
