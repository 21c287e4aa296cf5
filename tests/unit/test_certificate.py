"""Certificates: what is the same job, what is not, and what is said of it."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import certificate as certificates
from orchestrator.certificate import LOSSES, WEIGHTS, Parting, certify
from orchestrator.envelope import FLOAT32, FLOAT64, envelope
from orchestrator.evidence import Evidence
from orchestrator.language import Phrase, english
from orchestrator.tolerance import Tolerance, tolerance
from tests.unit.events import SPEC, losses, trial

ALLOWED = Tolerance(1e-12, 1e-11, 1e-11, 1e-11, "for a test")
KERNEL = np.arange(1.0, 7.0).reshape(2, 3)
STEPS = 100


def evidence(
    framework="pytorch",
    *,
    precision="FLOAT64",
    step_losses=None,
    kernel=KERNEL,
    logits=None,
    **given,
):
    given.setdefault("detailed", True)
    values = losses(2) if step_losses is None else step_losses
    weights = {"layers.1.kernel": kernel, "layers.1.bias": np.ones(3)}
    done = trial(framework, seconds=(1.0, 1.0), step_losses=list(values), **given)
    return Evidence(
        dataclasses.replace(done, spec={**SPEC, "precision": f"PRECISION_{precision}"}),
        initial_weights={"layers.1.kernel": KERNEL, "layers.1.bias": np.zeros(3)},
        weights=weights,
        logits=np.eye(4) if logits is None else logits,
    )


def made(first=None, second=None, **rest):
    return certify(first or evidence(), second or evidence("tensorflow"), ALLOWED, "now", **rest)


def test_trials_that_gave_the_same_numbers_did_the_same_job():
    found = made()
    assert found.same_job
    assert found.steps == STEPS
    assert found.sentence.startswith("The same job: in float64, over 100 steps, PyTorch and Tens")
    assert all(difference.within and difference.largest == 0 for difference in found.differences)
    assert found.parting is None
    assert found.digests["batch_order_sha256"] == 64 * "a"


@given(st.integers(0, STEPS - 1), st.floats(2e-12, 0.5))
def test_the_first_step_that_parts_is_found_wherever_it_is(step, part):
    values = np.array(losses(2))
    values[step:] *= 1 - part
    found = made(second=evidence("tensorflow", step_losses=values))
    assert not found.same_job
    assert found.parting.step == step
    assert f"first part at step {step:,}" in found.sentence


@given(st.floats(0, 0.9e-12))
def test_rounding_is_within_what_is_allowed(part):
    values = np.array(losses(2)) * (1 + part)
    assert made(second=evidence("tensorflow", step_losses=values)).same_job


@given(st.floats(1e-9, 1e9))
def test_the_scale_of_the_weights_changes_nothing(scale):
    changed = KERNEL.copy()
    changed[0, 0] += 1e-3
    sides = [evidence(kernel=scale * KERNEL), evidence("tensorflow", kernel=scale * changed)]
    assert made(*sides).weights["layers.1.kernel"] == pytest.approx(1e-3 / 6, rel=1e-6)


def test_which_trial_comes_first_changes_no_number():
    values = np.array(losses(2)) * 1.001
    one, other = evidence(), evidence("tensorflow", step_losses=values, kernel=KERNEL * 1.1)
    found, swapped = made(one, other), made(other, one)
    assert [d.largest for d in found.differences] == [d.largest for d in swapped.differences]
    assert found.parting == swapped.parting


def test_the_tensor_whose_gradient_parts_first_is_named():
    other = evidence("tensorflow")
    norms = dict(other.trial.details.gradient_norms)
    norms["layers.1.bias"] = norms["layers.1.bias"].copy()
    norms["layers.1.bias"][37] *= 1.001
    details = dataclasses.replace(other.trial.details, gradient_norms=norms)
    other = dataclasses.replace(other, trial=dataclasses.replace(other.trial, details=details))
    found = made(second=other)
    assert found.parting == Parting(37, "layers.1.bias")
    assert "at step 37 in layers.1.bias" in found.sentence


def test_other_initial_values_are_named_by_tensor_before_any_step():
    other = evidence("tensorflow", inputs={"initial_weights_sha256": 64 * "b"})
    changed = {**other.initial_weights, "layers.1.bias": np.full(3, 1e-6)}
    found = made(second=dataclasses.replace(other, initial_weights=changed))
    assert found.parting == Parting(None, "layers.1.bias")
    assert "initial values differ, first in layers.1.bias" in found.sentence


def test_weights_that_part_only_in_the_end_are_found():
    found = made(second=evidence("tensorflow", kernel=KERNEL * (1 + 1e-9)))
    assert not found.same_job
    assert found.parting == Parting(STEPS - 1, "layers.1.kernel")
    assert [d.quantity for d in found.differences if not d.within] == [WEIGHTS]


def test_a_missing_step_is_no_rounding():
    found = made(second=evidence("tensorflow", step_losses=losses(2)[:98]))
    assert not found.same_job
    assert "PyTorch took 100 steps and TensorFlow 98" in found.sentence
    assert found.parting == Parting(98, None)


def test_logits_of_another_shape_are_not_the_same():
    assert not made(second=evidence("tensorflow", logits=np.eye(5))).same_job


def test_a_loss_that_is_no_number_is_no_agreement():
    values = [float("nan"), *losses(2)[1:]]
    sides = evidence(step_losses=values), evidence("tensorflow", step_losses=values)
    found = made(*sides)
    assert not found.same_job
    assert found.parting.step == 0


def test_a_trial_that_kept_silent_on_its_steps_shows_nothing():
    found = made(second=evidence("tensorflow", detailed=False))
    assert not found.same_job
    assert "tensorflow-1 did not report the details" in found.sentence


@pytest.mark.parametrize("rounded", [False, True])
def test_a_certificate_comes_back_from_json_as_it_was(rounded):
    values = np.array(losses(2)) * (1 + 1e-7)
    sides = evidence(), evidence("tensorflow", step_losses=[np.inf, *values[1:]])
    held = envelope(*(e.trial for e in sides), perturbed(1e-7), FLOAT32) if rounded else None
    found = certificates.as_dict(made(*sides, envelope=held))
    again = certificates.as_dict(certificates.from_dict(json.loads(json.dumps(found))))
    assert again == found
    assert found["schema"] == "twinrun.certificate/1"


def test_that_no_certificate_could_be_made_is_no_certificate():
    found = certificates.none_made(english(Phrase("the runner is gone.")))
    assert found["same_job"] is False
    assert found["sentence"].endswith("no certificate could be made: the runner is gone.")


def test_every_workload_has_a_tolerance_and_a_reason():
    assert tolerance("mnist-mlp").losses == 1e-12
    assert tolerance("someone's own").reason


# ------------------------------------------------------------------------------------ rounding


def moved(framework, part, number=1):
    return trial(
        framework, number, seconds=(1.0, 1.0), step_losses=list(np.array(losses(2)) * (1 + part))
    )


def perturbed(part=0.0):
    """Each framework's trial again, TensorFlow's being off by ``part``, off by 1e-6 more."""
    off = {"pytorch": 0.0, "tensorflow": part}
    return {name: moved(name, already + 1e-6, 2) for name, already in off.items()}


@pytest.mark.parametrize(("part", "within"), [(0, True), (9e-6, True), (12e-6, False)])
def test_the_envelope_is_ten_times_the_frameworks_own_rounding(part, within):
    found = envelope(moved("pytorch", 0), moved("tensorflow", part), perturbed(part), FLOAT32)
    assert found.within is within
    values = np.array(losses(2)) * (1 + part)
    sides = [
        evidence(precision="FLOAT32"),
        evidence("tensorflow", precision="FLOAT32", step_losses=values),
    ]
    assert made(*sides, envelope=found).same_job is within


@pytest.mark.parametrize(("part", "same"), [(1e-9, True), (1e-2, False)])
def test_a_job_that_enlarges_rounding_is_held_against_itself_in_float64_too(part, same):
    values = np.array(losses(2)) * (1 + part)
    sides = evidence(), evidence("tensorflow", step_losses=values)
    held = envelope(*(side.trial for side in sides), perturbed(part), FLOAT64)
    found = made(*sides, envelope=held)
    assert found.same_job is same
    said = "agree to 1e-12 for 0 of 100 steps" if same else "first part at step 0"
    assert said in found.sentence


def test_samples_in_another_order_are_not_taken_for_rounding():
    other = evidence("tensorflow")
    details = other.trial.details
    ordered = details.ordered_losses.copy()
    ordered[2] *= 1.01
    details = dataclasses.replace(details, ordered_losses=ordered)
    other = dataclasses.replace(other, trial=dataclasses.replace(other.trial, details=details))
    first = evidence()
    held = envelope(first.trial, other.trial, perturbed(), FLOAT64)
    found = made(first, other, envelope=held)
    assert not held.within
    assert not found.same_job
    assert found.parting.step == 2


def test_only_the_first_steps_are_judged():
    values = np.array(losses(6))
    values[FLOAT32.judged_steps :] *= 2
    late = trial("tensorflow", seconds=6 * (1.0,), step_losses=list(values))
    plain = {n: trial(n, 2, seconds=6 * (1.0,), step_losses=losses(6)) for n in perturbed()}
    found = envelope(trial(seconds=6 * (1.0,), step_losses=losses(6)), late, plain, FLOAT32)
    assert found.within
    assert f"for {FLOAT32.judged_steps} of 300 steps" in found.sentence


def test_the_largest_differences_never_fall():
    found = envelope(moved("pytorch", 0), moved("tensorflow", 1e-7), perturbed(), FLOAT32)
    assert (np.diff(found.between) >= 0).all()
    assert all((np.diff(curve) >= 0).all() for curve in found.own.values())
    assert found.own.keys() == {"pytorch", "tensorflow"}
    assert LOSSES == "losses"
