"""Each schedule against its formula in Python's own numbers, at early and at late steps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twinrun.contract.optimizers import Adam, AdamW, Optimizer, Sgd
from twinrun.contract.schedules import (
    MOST_MARKS,
    ConstantRate,
    Cosine,
    CosineRestarts,
    Exponential,
    OneCycle,
    Polynomial,
    Schedule,
    Step,
)

from services.model.optimizers import schedule
from services.model.schedules import learning_rates
from tests.frameworks.optimizer_formulas import factor

KINDS = {
    "constant": ConstantRate(),
    "cosine": Cosine(3000, 0.1),
    "step, boundaries": Step((900, 1800, 100_000), factor=0.3),
    "step, every": Step(every=700, factor=0.5),
    "exponential": Exponential(2500, 0.2),
    "polynomial": Polynomial(3000, 1.7, 0.05),
    "one cycle": OneCycle(2500, 0.31, 0.1, 0.01),
    "one cycle that only falls": OneCycle(2500, 0.0),
    "restarts": CosineRestarts(700),
    "longer and lower restarts": CosineRestarts(300, 3, 0.7, 0.01),
}
LATE = [0, 1, 2, 699, 700, 899, 900, 2_499, 3_000, 37_519, 90_000, 10_000_000]


@pytest.mark.parametrize("warmup", [0, 1, 500])
@pytest.mark.parametrize("first", LATE)
@pytest.mark.parametrize("kind", KINDS)
def test_the_rate_of_each_step_is_the_formula_s(kind, first, warmup):
    made = Schedule(KINDS[kind], warmup)
    rates = learning_rates(Optimizer(Sgd(), 0.3, made), first, 40)
    wanted = [0.3 * factor(made, step) for step in range(first, first + 40)]
    assert rates.dtype == np.float64
    np.testing.assert_allclose(rates, wanted, rtol=1e-11, atol=1e-15)


def test_a_schedule_off_by_one_step_is_found():
    made = Schedule(Cosine(50))
    rates = learning_rates(Optimizer(Sgd(), 1.0, made), 1, 40)
    wanted = [factor(made, step) for step in range(40)]
    assert np.abs(rates - wanted).max() > 0.01


def test_numbers_that_people_know():
    def at(kind, step, warmup=0):
        return learning_rates(Optimizer(Sgd(), 2.0, Schedule(kind, warmup)), step, 1)[0]

    assert at(ConstantRate(), 0, warmup=4) == 0.5
    assert at(ConstantRate(), 3, warmup=4) == 2.0
    assert at(Cosine(100), 0) == 2.0
    assert at(Cosine(100), 50) == pytest.approx(1.0)
    assert at(Cosine(100), 100) == at(Cosine(100), 1000) == 0.0
    assert at(Step((10,)), 9) == 2.0
    assert at(Step((10,)), 10) == pytest.approx(0.2)
    assert at(Exponential(10), 10) == pytest.approx(0.2)
    assert at(Polynomial(10), 5) == 1.0
    assert at(OneCycle(100), 30) == 2.0
    assert at(CosineRestarts(10, 2), 10) == at(CosineRestarts(10, 2), 30) == 2.0


@pytest.mark.parametrize("first", [0, 3, 7, 23, 12_345])
def test_shown_steps_are_taken_in_turn(first):
    made = Schedule(Cosine(100), 10, shown_steps=(0, 9, 50, 110))
    rates = learning_rates(Optimizer(Sgd(), 1.0, made), first, 9)
    whole = learning_rates(Optimizer(Sgd(), 1.0, Schedule(Cosine(100), 10)), 0, 111)
    assert rates.tolist() == [whole[[0, 9, 50, 110][s % 4]] for s in range(first, first + 9)]


def test_every_optimizer_takes_the_scheduled_rate_and_its_decay_too():
    made = Schedule(Cosine(100))
    rates = learning_rates(Optimizer(Sgd(), 0.1, made), 20, 5)
    plain = schedule(Optimizer(Adam(), 1.0), 20, 5)
    found = schedule(Optimizer(Adam(), 0.1, made), 20, 5)
    np.testing.assert_allclose(found.rates, rates * plain.rates, rtol=1e-14)
    kept = schedule(Optimizer(AdamW(weight_decay=0.3), 0.1, made), 20, 5).kept
    np.testing.assert_array_equal(kept, 1 - rates * 0.3)


def phases(made: Schedule) -> list[int]:
    """Steps of which a certificate must see one in each pair: of warm-up, decay and end."""
    warm, kind = made.warmup_steps, made.kind
    ends = {0, warm - 1, warm}
    match kind:
        case Step(boundaries, every):
            edges = boundaries or (every, 2 * every)
            ends |= {warm + step for edge in edges for step in (edge - 1, edge)}
        case ConstantRate():
            pass
        case _:
            ends |= {warm + kind.steps // 2, warm + kind.steps - 1, warm + kind.steps}
    return sorted(step for step in ends if step >= 0)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(kind=st.sampled_from(list(KINDS.values())), warmup=st.integers(0, 2000))
def test_the_marks_of_a_schedule_show_every_phase_and_fit_into_a_short_epoch(kind, warmup):
    made = Schedule(kind, warmup)
    assert set(phases(made)) <= set(made.marks)
    assert list(made.marks) == sorted(set(made.marks))
    assert len(made.marks) <= MOST_MARKS


def test_of_many_boundaries_the_marks_keep_the_first_and_the_last():
    marks = Schedule(Step(tuple(range(100, 10_000, 100)))).marks
    assert (len(marks), marks[0], marks[-1]) == (MOST_MARKS, 0, 9901)
