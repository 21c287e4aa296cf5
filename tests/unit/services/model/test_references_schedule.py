"""Rates and epsilons of every step, held against Algorithm 1 of Kingma and Ba as it is printed."""

from decimal import Decimal, localcontext
from itertools import accumulate, repeat

import numpy as np
import pytest
from twinrun.contract.events import GradientNorms
from twinrun.contract.optimizers import Adagrad, Adam, Adamax, AdamW, Optimizer, RmsProp, Sgd
from twinrun.contract.spec import Dataset, JobSpec

from services.model.optimizers import schedule
from services.trial.matched import steps_taken

STEPS = 50_000
BOUNDARIES = [0, 1, 2, 8, 9, 10, 11, 24, 25, 99, 100, 937, 938, 4_689, 37_519, 37_520, 49_990]
KINDS = [Adam(), AdamW(), Adam(0.5, 0.9, 1e-3), Adam(0.0, 0.0, 0.1), AdamW(0.99, 0.99999, 1e-7)]


def corrections(beta: float) -> list[Decimal]:
    """1 - beta^t for t = 1, 2 ...: the power as a running product, of 60 digits."""
    powers = accumulate(repeat(Decimal(beta), STEPS), lambda power, factor: power * factor)
    return [1 - power for power in powers]


def expected(optimizer: Optimizer) -> tuple[np.ndarray, np.ndarray]:
    """What multiplies m, and what is added to the root of v, once Algorithm 1 is solved for them.

    With corrections c1, c2:  lr * (m / c1) / (sqrt(v / c2) + epsilon)  is
    (lr * sqrt(c2) / c1) * m / (sqrt(v) + epsilon * sqrt(c2)).
    """
    kind = optimizer.kind
    with localcontext(prec=60):
        first, second = corrections(kind.beta_1), corrections(kind.beta_2)
        roots = [of_second.sqrt() for of_second in second]
        rate, epsilon = Decimal(optimizer.learning_rate), Decimal(kind.epsilon)
        rates = [float(rate * root / c) for root, c in zip(roots, first, strict=True)]
        return np.array(rates), np.array([float(epsilon * root) for root in roots])


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_rates_and_epsilons_are_algorithm_1s_at_each_of_50_000_steps(kind):
    optimizer = Optimizer(kind, 0.0013)
    rates, epsilons, _ = schedule(optimizer, 0, STEPS)
    wanted_rates, wanted_epsilons = expected(optimizer)
    assert rates.dtype == epsilons.dtype == np.float64
    np.testing.assert_allclose(rates, wanted_rates, rtol=1e-12, atol=0)
    np.testing.assert_allclose(epsilons, wanted_epsilons, rtol=1e-12, atol=0)


@pytest.mark.parametrize("kind", [*KINDS, Sgd(), Sgd(0.9)], ids=str)
@pytest.mark.parametrize("first", BOUNDARIES)
def test_a_chunk_that_begins_at_any_step_has_its_part_of_the_whole(kind, first):
    optimizer = Optimizer(kind, 0.01)
    whole = schedule(optimizer, 0, STEPS)
    for steps in (1, 3, 10):
        for found, all_steps in zip(schedule(optimizer, first, steps), whole, strict=True):
            np.testing.assert_array_equal(found, all_steps[first : first + steps])


def test_a_weight_moves_as_algorithm_1_moves_it_at_early_and_late_steps():
    """The algorithm line by line, on gradients that fade and return, for 40,000 steps."""
    alpha, beta_1, beta_2, epsilon = 0.01, 0.9, 0.999, 1e-8
    rates, epsilons, _ = schedule(Optimizer(Adam(beta_1, beta_2, epsilon), alpha), 0, 40_000)
    m = v = 0.0
    power_1 = power_2 = 1.0
    for step in range(40_000):
        g = np.sin(step / 7) * 10.0 ** (-(step % 11))
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g * g
        power_1, power_2 = power_1 * beta_1, power_2 * beta_2
        m_hat, v_hat = m / (1 - power_1), v / (1 - power_2)
        moved = alpha * m_hat / (v_hat**0.5 + epsilon)
        found = rates[step] * m / (v**0.5 + epsilons[step])
        assert found == pytest.approx(moved, rel=1e-10), step


def test_adamax_corrects_its_first_moment_alone_as_algorithm_2_does():
    rate = 0.0013
    rates, epsilons, _ = schedule(Optimizer(Adamax(0.9, 0.999, 1e-3), rate), 0, STEPS)
    with localcontext(prec=60):
        wanted = [float(Decimal(rate) / each) for each in corrections(0.9)]
    np.testing.assert_allclose(rates, wanted, rtol=1e-12, atol=0)
    assert set(epsilons) == {1e-3}


@pytest.mark.parametrize("kind", [RmsProp(epsilon=1e-3), Adagrad(0.1, 1e-3)], ids=str)
def test_what_corrects_no_bias_has_one_rate_and_epsilon(kind):
    rates, epsilons, _ = schedule(Optimizer(kind, 0.3), 37_520, 40)
    assert (set(rates), set(epsilons)) == ({0.3}, {1e-3})


def test_adamw_keeps_of_a_weight_what_its_decay_leaves():
    assert set(schedule(Optimizer(AdamW(weight_decay=0.1), 0.2), 9, 9).kept) == {1 - 0.2 * 0.1}


@pytest.mark.parametrize("kind", [Sgd(), Sgd(0.9)], ids=str)
def test_sgd_has_one_rate_and_no_epsilon_at_any_step(kind):
    rates, epsilons, kept = schedule(Optimizer(kind, 0.3), 37_520, 40)
    assert rates.tolist() == [0.3] * 40
    assert epsilons.tolist() == [0.0] * 40
    assert kept.tolist() == [1.0] * 40
    assert rates.dtype == epsilons.dtype == np.float64


# ------------------------------------------------------------------------ what steps measured


def job(**given) -> JobSpec:
    return JobSpec(Dataset("mnist"), (), Optimizer(Adam()), threads=1, **given)


def test_what_steps_measured_is_told_apart_by_its_place():
    measured = np.arange(12, dtype=np.float64).reshape(2, 6) + 0.5
    names = ["layers.1.kernel", "layers.1.bias", "layers.3.kernel"]
    found = steps_taken(
        job(report_step_details=True), measured, names, wait_seconds=0.25, sync_seconds=0.125
    )
    assert found.losses.tolist() == [0.5, 6.5]
    assert found.details.ordered_losses == (1.5, 7.5)
    assert found.details.accuracies == (2.5, 8.5)
    assert found.details.gradient_norms == (
        GradientNorms("layers.1.kernel", (3.5, 9.5)),
        GradientNorms("layers.1.bias", (4.5, 10.5)),
        GradientNorms("layers.3.kernel", (5.5, 11.5)),
    )
    assert found.accuracies is None
    assert (found.wait_seconds, found.sync_seconds) == (0.25, 0.125)


def test_one_step_with_details_is_a_chunk_of_one():
    found = steps_taken(job(report_step_details=True), np.array([[1.0, 2.0, 3.0, 4.0]]), ["w"])
    assert found.losses.tolist() == [1.0]
    assert found.details.gradient_norms == (GradientNorms("w", (4.0,)),)


def test_without_details_losses_come_alone_or_with_accuracies():
    alone = steps_taken(job(), np.array([3.0, 4.0]), ["w"])
    assert alone.losses.tolist() == [3.0, 4.0]
    assert alone.details is None
    assert alone.accuracies is None
    beside = steps_taken(job(), np.array([[3.0, 0.25], [4.0, 0.75], [5.0, 1.0]]), ["w"])
    assert beside.losses.tolist() == [3.0, 4.0, 5.0]
    assert beside.accuracies.tolist() == [0.25, 0.75, 1.0]
    assert beside.details is None
    assert (beside.wait_seconds, beside.sync_seconds) == (0.0, 0.0)


def test_norms_that_are_not_of_the_parameters_are_refused():
    with pytest.raises(ValueError, match="zip"):
        steps_taken(job(report_step_details=True), np.zeros((2, 4)), ["w", "b"])
