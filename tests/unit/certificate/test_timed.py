"""Whether the trials that were timed did the same job, by the losses that they reported."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.certificate.envelope import Envelope
from orchestrator.certificate.timed import judge_timed, not_finite
from orchestrator.reports.comparison import sentences
from orchestrator.results.comparison import compare, same_job
from tests.builders.events import JOB, job, losses, trial

STEPS = 150
STEP = np.arange(STEPS)
PLAIN = np.array(losses(3))
# What rounding does in float32: each framework from itself, over the first hundred steps.
OWN = np.maximum.accumulate(1e-7 * 1.03 ** np.arange(100))
HELD = Envelope("float32", 1.0, OWN, {"pytorch": OWN, "tensorflow": 2 * OWN})
F64 = "PRECISION_FLOAT64"


def pair(values, number=1, precision="PRECISION_FLOAT32", **given):
    spec = job(precision=precision)
    sides = trial("pytorch", number), trial("tensorflow", number, step_losses=list(values), **given)
    return [dataclasses.replace(side, spec=spec) for side in sides]


def judged(values, held=HELD, **given):
    one, other = pair(values, **given)
    return judge_timed([one], [other], held)


def grown(part, growth):
    return PLAIN * (1 + np.minimum(part * growth ** np.arange(STEPS), 0.5))


HONEST = {
    "the same": PLAIN,
    "as rounding does": grown(1e-7, 1.03),
    "as rounding does, until chance decides": PLAIN
    * (1 + np.minimum(1e-7 * 1.03**STEP * 1.4 ** np.maximum(STEP - 100, 0), 0.5)),
}


@pytest.mark.parametrize("name", HONEST)
def test_what_rounding_does_is_the_same_job(name):
    found = judged(HONEST[name])
    assert found.same, found.sentence
    assert found.by_rounding is (name != "the same")


def at(step, part):
    return PLAIN * np.where(np.arange(STEPS) < step, 1.0, 1 + part)


PLANTED = {
    "a branch of the precision in which it is timed, x1.01": (at(0, 1e-2), "at step 0"),
    "products x1.0001": (at(0, 1e-4), "at step 0"),
    "an update that is left out": (at(1, 1e-3), "at step 1"),
    "a rate that is off": (grown(1e-6, 1.2), "while rounding explains"),
    "no update after step 120": (at(120, 3e-2), "diverge suddenly"),
    "a count that begins anew": (at(110, 0.2), "diverge suddenly"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_no_rounding_does_is_not_the_same_job(name):
    values, said = PLANTED[name]
    found = judged(values)
    assert not found.same
    assert said in found.sentence
    assert "in pair 1" in found.sentence


@given(st.integers(0, STEPS - 1), st.floats(0.01, 0.5))
@settings(deadline=None)
def test_a_sudden_parting_is_found_wherever_it_is(step, part):
    assert not judged(at(step, part)).same


def test_a_side_that_took_fewer_steps_did_not_do_the_same():
    assert "took 150 steps and TensorFlow 147" in judged(PLAIN[:147]).sentence


def test_in_float64_the_whole_trial_is_held_to_the_tolerance():
    exact = Envelope("float64", 1.0, OWN * 0, {"pytorch": OWN * 0, "tensorflow": OWN * 0})

    def found(values):
        one, other = pair(values, precision=F64)
        return judge_timed([one], [other], None, exact)

    assert found(PLAIN * (1 + 1e-13)).same
    assert not found(PLAIN * (1 + 1e-9)).same
    assert not found(at(120, 1e-6)).same


def test_in_float64_after_an_exact_certificate_no_first_step_may_differ():
    def found(values):
        one, other = pair(values, precision=F64)
        return judge_timed([one], [other], None, None)

    assert found(PLAIN * (1 + 1e-13)).same
    assert not found(at(1, 1e-10)).same
    assert not found(at(20, 1e-10)).same
    assert not found(at(120, 1e-9)).same
    assert found(PLAIN * (1 + 1e-14 * 1.06**STEP)).same  # as tanh's over thousands of steps


def test_half_of_the_test_set_is_seen_in_the_accuracy():
    found = judged(PLAIN, accuracies=[0.96, 0.967, 0.49])
    assert not found.same
    assert "test accuracies of epoch 3" in found.sentence


def test_one_pair_of_several_is_enough_and_is_named():
    (one, same), (two, other) = pair(PLAIN, 1), pair(at(1, 1e-2), 2)
    found = judge_timed([one, two], [same, other], HELD)
    assert not found.same
    assert "in pair 2" in found.sentence


def test_without_a_yardstick_what_no_rounding_does_is_found_all_the_same():
    assert not judged(at(0, 1e-3), held=None).same
    assert not judged(at(120, 0.1), held=None).same
    assert judged(grown(1e-7, 1.03), held=None).same


def test_a_comparison_says_first_that_it_was_not_the_same_job_and_explains_nothing_by_rounding():
    trials = pair(at(0, 1e-2))
    found = compare(JOB, trials)
    assert same_job(found) is False
    assert found.finding.startswith("The timed trials were not the same job")
    assert "TIMED_NOT_SAME" in [caution.code for caution in found.cautions]
    assert not any("as rounding" in said or "than rounding" in said for said in sentences(found))


def test_a_job_that_diverges_has_no_verdict_on_speed_and_a_warning():
    values = [*PLAIN[:60], *(90 * [float("nan")])]
    one, other = (trial(name, step_losses=values) for name in ("pytorch", "tensorflow"))
    found = compare(JOB, [one, other])
    assert found.timed[0].same
    assert found.verdict is None
    assert not found.pairs[0].ratios
    assert "not finite from step 60 on" in found.finding
    assert "NOT_FINITE" in [caution.code for caution in found.cautions]
    assert not_finite(found.trials) == {"pytorch": 60, "tensorflow": 60}


def test_a_side_that_diverges_alone_did_not_do_the_same():
    assert not judged([*PLAIN[:60], *(90 * [float("nan")])]).same
