"""What rounding may explain, and what it may not."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.certificate.rounding import (
    BFLOAT16,
    BFLOAT16_CPU,
    FLOAT16,
    FLOAT16_CPU,
    FLOAT32,
    FLOAT64,
    TF32,
    largest_jump,
    rule_of,
)
from orchestrator.certificate.takes import PERTURBED
from tests.builders.events import job, losses
from tests.builders.proofs import STEPS, curve, evidence, made, proof, rounded

RULES = [FLOAT64, FLOAT32, BFLOAT16, BFLOAT16_CPU, FLOAT16, FLOAT16_CPU, TF32]


@pytest.mark.parametrize("part", [1e-16, 5e-16])
def test_a_job_that_enlarges_rounding_is_held_against_itself(part):
    found = rounded(part)
    assert found.same_job, found.sentence
    assert "This job enlarges every rounding" in found.sentence
    assert "agree outright in everything except losses" in found.sentence


def test_sides_that_part_further_than_rounding_takes_them_are_not_the_same():
    found = rounded(1e-13)
    assert not found.same_job
    assert "while rounding explains" in found.sentence


def test_a_side_that_is_not_deterministic_explains_nothing():
    found = rounded(1e-16, again=np.array(losses(2)) * 1.15)
    assert not found.same_job
    assert "PyTorch's side is not deterministic: two runs of it differ by 1e-01 at step 0" in (
        found.sentence
    )


def test_a_side_that_parts_from_itself_at_once_explains_nothing():
    noisy = np.array(losses(2)) * (1 + 0.1 * np.sin(np.arange(STEPS) + 1))
    first = proof(evidence(), moved=noisy, again=losses(2))
    second = evidence("tensorflow", step_losses=curve(1e-3))
    found = made(first, proof(second, moved=noisy, again=curve(1e-3)))
    assert not found.same_job
    assert "before rounding could grow" in found.sentence


def after_one_update(apart, own):
    """The certificate of sides that part so, each from itself by ``own``, only then."""

    def at_once(values, part):
        return np.array(values) * (1 + part * (np.arange(STEPS) > 0))

    plain, other = losses(2), at_once(losses(2), apart)
    first = proof(evidence(), moved=at_once(plain, own), again=plain)
    second = evidence("tensorflow", step_losses=other)
    return made(first, proof(second, moved=at_once(other, own), again=other))


def test_what_the_first_update_enlarges_hides_faults_and_what_to_do_is_said():
    """Adam, tiny batches: a learning rate that is wrong by 1e-9 does no more there."""
    found = after_one_update(5e-12, 2e-12)
    assert not found.same_job
    said = "the losses differ by 5e-12 at step 1, after one update, and PyTorch's own by 2e-12"
    assert said in found.sentence
    assert "give a larger --batch-size" in found.sentence


@pytest.mark.parametrize(("apart", "own"), [(1e-9, 2e-12), (5e-12, 5e-13)])
def test_what_rounding_alone_does_not_do_is_said_to_come_before_it(apart, own):
    found = after_one_update(apart, own)
    assert not found.same_job
    assert "at step 1, before rounding could grow" in found.sentence


def test_one_noisy_side_does_not_widen_what_the_other_allows():
    wide = curve(1e-13, 1.3)
    apart = curve(1e-11, 1.2)
    first = proof(evidence(), moved=wide, again=losses(2))
    second = proof(
        evidence("tensorflow", step_losses=apart), moved=apart * (1 + 1e-16), again=apart
    )
    assert not made(first, second).same_job


def unlucky(*more, first_more=None, apart=1e-13, **second):
    """Two sides whose first perturbed trials show too little; ``more``: what further draws show."""
    plain, other = np.array(losses(2)), curve(apart, 1.2)
    growth = 1.2 ** np.arange(STEPS)
    draws = [
        [values * (1 + own * growth) for own in owns]
        for values, owns in ((plain, more if first_more is None else first_more), (other, more))
    ]
    sides = [
        proof(evidence(), moved=plain * (1 + 1e-16 * growth), more=draws[0], again=plain),
        proof(
            evidence("tensorflow", step_losses=other, **second),
            moved=other * (1 + 1e-16 * growth),
            more=draws[1],
            again=other,
        ),
    ]
    return made(*sides)


def test_a_draw_that_shows_too_little_leaves_it_undecided_and_another_decides():
    found = unlucky()
    assert not found.same_job
    assert found.undecided == PERTURBED
    assert unlucky(2e-16).undecided == PERTURBED
    found = unlucky(2e-16, 3e-14, 1e-16)
    assert found.same_job, found.sentence
    assert found.undecided is None
    assert found.envelope.draws == 4
    assert "Of 4 perturbed trials of each framework the largest effect counts." in found.sentence


def test_more_draws_of_one_side_do_not_widen_what_the_other_allows():
    for first, second in (((3e-14, 3e-14), (1e-16, 1e-16)), ((1e-16, 1e-16), (3e-14, 3e-14))):
        assert not unlucky(*second, first_more=first).same_job
    assert unlucky(3e-14, 1e-16, first_more=(1e-16, 3e-14)).same_job  # not the same draw's


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_draw_that_is_not_finite_allows_nothing(wrong):
    assert not unlucky(3e-14, wrong).same_job


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(lambda: unlucky(3e-14), id="the same job"),
        pytest.param(lambda: made(evidence(), evidence("tensorflow")), id="exact"),
        pytest.param(lambda: unlucky(kernel=np.full((2, 3), np.nan)), id="no number"),
        pytest.param(lambda: unlucky(logits=np.eye(3)), id="another shape"),
        pytest.param(lambda: unlucky(apart=1e-3), id="apart at the first step"),
        pytest.param(lambda: unlucky(detailed=False), id="silent"),
        pytest.param(lambda: unlucky(again=False), id="no saved weights evaluated"),
        pytest.param(
            lambda: rounded(1e-13, again=np.array(losses(2)) * 1.15), id="not deterministic"
        ),
        pytest.param(
            lambda: made(evidence(), evidence("tensorflow", step_losses=curve(1e-13))),
            id="not perturbed",
        ),
    ],
)
def test_what_more_draws_cannot_change_is_decided(found):
    assert found().undecided is None


def test_a_sudden_parting_is_no_rounding():
    own = np.geomspace(1e-16, 1e-3, STEPS)
    values = np.array(losses(2))
    step = np.where(np.arange(STEPS) < 60, 0.0, 1e-6)
    first = proof(evidence(), moved=values * (1 + own), again=values)
    apart = values * (1 + step)
    second = proof(evidence("tensorflow", step_losses=apart), moved=apart * (1 + own), again=apart)
    found = made(first, second)
    assert not found.same_job
    assert "diverge suddenly" in found.sentence


def test_what_was_perturbed_and_not_repeated_explains_nothing():
    """As of a run that was killed in between."""
    apart = curve(1e-16, 1.3)
    first = proof(evidence(), moved=curve(1e-16, 1.3))
    second = proof(evidence("tensorflow", step_losses=apart), moved=apart * (1 + 1e-15))
    found = made(first, second)
    assert not found.same_job
    assert "the effect of rounding alone" in found.sentence


def test_what_was_not_run_again_explains_nothing():
    first = proof(evidence(), moved=curve(1e-16, 1.3), again=losses(2))
    assert not made(first, evidence("tensorflow", step_losses=curve(1e-16, 1.3))).same_job


@pytest.mark.parametrize(("part", "same"), [(1e-7, True), (1e-4, False)])
def test_in_float32_both_are_held_against_their_own_rounding(part, same):
    found = rounded(part, precision="FLOAT32", own=1e-7, growth=1.05)
    assert found.same_job is same, found.sentence
    if same:
        assert "as a framework diverges from itself by rounding alone" in found.sentence


@pytest.mark.parametrize("rule", RULES)
@given(st.lists(st.floats(0, 10), min_size=1, max_size=200), st.floats(0, 10))
def test_more_own_rounding_never_allows_less(rule, own, more):
    curves = [np.maximum.accumulate(np.array(own) + extra) for extra in (0, more)]
    less, much = (rule.bound(each) for each in curves)
    assert (less <= much).all()
    assert (less[1:] >= 0).all()


@pytest.mark.parametrize("rule", RULES)
def test_a_divergence_that_is_not_finite_allows_nothing(rule):
    assert (rule.bound(np.array([1e-6, np.inf])) > 0).tolist() == [True, False]


def test_the_rule_is_that_of_the_job():
    assert rule_of(job()) is FLOAT32
    assert rule_of(job(precision="PRECISION_FLOAT64")) is FLOAT64
    for device, rule in {"CPU": BFLOAT16_CPU, "CUDA": BFLOAT16}.items():
        found = job(precision="PRECISION_BFLOAT16", device=f"DEVICE_{device}")
        assert rule_of(found) is rule
    for device, rule in {"CPU": FLOAT16_CPU, "CUDA": FLOAT16}.items():
        assert rule_of(job(precision="PRECISION_FLOAT16", device=f"DEVICE_{device}")) is rule
    assert rule_of(job(allow_tf32=True, device="DEVICE_CUDA")) is TF32
    assert rule_of(job(allow_tf32=True, device="DEVICE_CPU")) is FLOAT32


def test_a_jump_is_the_largest_growth_of_the_largest_so_far():
    assert largest_jump(np.array([1e-16, 1e-10, 1e-12, 1e-9]), 1e-15) == (pytest.approx(1e5), 1)
    assert largest_jump(np.array([0.5]), 1e-15) == (1.0, 0)


def test_the_largest_differences_never_fall_and_the_smaller_own_one_counts():
    found = rounded(1e-16).envelope
    assert (np.diff(found.between) >= 0).all()
    assert all((np.diff(each) >= 0).all() for each in found.own.values())
    assert found.own.keys() == {"pytorch", "tensorflow"}
    widened = dataclasses.replace(found, own={**found.own, "pytorch": 1e6 * found.own["pytorch"]})
    assert (widened.counted() <= found.own["tensorflow"]).all()
