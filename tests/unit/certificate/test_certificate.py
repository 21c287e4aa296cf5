"""Certificates: what is the same job, what is not, and what is said of it."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.certificate import text
from orchestrator.certificate.certificate import Parting
from orchestrator.certificate.effectless import biases_before_batch_norm
from orchestrator.certificate.gaps import AGAIN, WEIGHTS
from orchestrator.certificate.judge import Clause
from orchestrator.reports import certificate as report
from tests.builders.events import job, losses
from tests.builders.proofs import (
    KERNEL,
    STATISTICS,
    STEPS,
    evidence,
    failed,
    made,
    proof,
    rounded,
    with_details,
)


def test_trials_that_gave_the_same_numbers_did_the_same_job():
    found = made()
    assert found.same_job, found.sentence
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
    assert f"first diverge at step {step:,}" in found.sentence


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
    numbers = [sorted(d.largest for d in each.differences) for each in (found, swapped)]
    assert numbers[0] == numbers[1]
    assert found.parting == swapped.parting


def test_the_tensor_whose_gradient_parts_first_is_named():
    other = evidence("tensorflow")
    norms = dict(other.trial.details.gradient_norms)
    norms["layers.1.bias"] = norms["layers.1.bias"].copy()
    norms["layers.1.bias"][37] *= 1.001
    found = made(second=with_details(other, gradient_norms=norms))
    assert found.parting == Parting(37, "layers.1.bias")
    assert "at step 37 in layers.1.bias" in found.sentence


def test_other_initial_values_are_named_by_tensor_before_any_step():
    other = evidence("tensorflow", inputs={"initial_weights_sha256": 64 * "b"})
    changed = {**other.initial_weights, "layers.1.bias": np.full(3, 1e-6)}
    found = made(second=dataclasses.replace(other, initial_weights=changed))
    assert found.parting == Parting(None, "layers.1.bias")
    assert "initial values differ, first in layers.1.bias" in found.sentence


def test_a_missing_step_is_no_rounding():
    found = made(second=evidence("tensorflow", step_losses=losses(2)[:98]))
    assert not found.same_job
    assert "PyTorch took 100 steps and TensorFlow 98" in found.sentence
    assert found.parting == Parting(98, None)


def with_weights(framework, **changes):
    found = evidence(framework)
    weights = {**found.weights, **changes}
    return dataclasses.replace(
        found, weights={name: array for name, array in weights.items() if array is not None}
    )


def other_again(framework, by):
    """The logits that ``by`` makes of the saved weights are other ones than training's."""
    found = evidence(framework)
    again = {**found.again, by: found.logits * 1.0001}
    return dataclasses.replace(found, again=again)


NAN_IN_ONE = np.array([1.0, float("nan"), 1.0])
# What is planted in one side, and what the sentence names.
PLANTED = {
    "moving statistics x1.5": (
        lambda name: evidence(name, statistics=1.5 * STATISTICS),
        "final weights differ by 3e-01 in layers.2.moving_mean",
    ),
    "moving statistics x1.5, and what is made of them": (
        lambda name: evidence(name, statistics=1.5 * STATISTICS, logits=0.7 * np.eye(4)),
        "test logits",
    ),
    "the saved kernel x1.001": (
        lambda name: evidence(name, kernel=KERNEL * 1.001),
        "final weights differ by 1e-03 in layers.1.kernel",
    ),
    "NaN in one final weight": (
        lambda name: with_weights(name, **{"layers.1.bias": NAN_IN_ONE}),
        "layers.1.bias",
    ),
    "a tensor missing": (lambda name: with_weights(name, **{"layers.1.bias": None}), "layers.1.b"),
    "a tensor too many": (lambda name: with_weights(name, **{"layers.9.bias": KERNEL}), "layers.9"),
    "a tensor of another shape": (
        lambda name: with_weights(name, **{"layers.1.bias": np.ones((3, 1))}),
        "layers.1.bias",
    ),
    "logits of fewer samples": (lambda name: evidence(name, logits=np.eye(4)[:3]), "test logits"),
    "logits that are no numbers": (
        lambda name: evidence(name, logits=np.full((4, 4), np.nan)),
        "test logits",
    ),
    "a trial that failed after its last epoch": (
        lambda name: failed(evidence(name)),
        "did not succeed",
    ),
    "another accuracy in one step": (
        lambda name: with_details(evidence(name), accuracies=np.r_[0.25, np.full(99, 0.5)]),
        "accuracies of the steps differ by 2e-01 at step 0",
    ),
    "samples in another order": (
        lambda name: with_details(
            evidence(name), ordered_losses=1.5 * np.array(losses(2)) * np.r_[1, 1.01, np.ones(98)]
        ),
        "losses in the order of samples differ by 1e-02 at step 1",
    ),
    "an evaluation of an epoch before the last": (
        lambda name: evidence(name, accuracies=[0.5, 0.9666666666666667]),
        "accuracies of the evaluations differ",
    ),
    "an evaluation that uses other weights than are saved": (
        lambda name: other_again(name, name),
        "test logits of the saved weights differ by 1e-04",
    ),
    "saved weights that nobody evaluated": (
        lambda name: evidence(name, again=False),
        "PyTorch has not evaluated the saved weights of",
    ),
    "no details of the steps": (
        lambda name: evidence(name, detailed=False),
        "did not report the details",
    ),
    "fewer steps than the job has": (
        lambda name: evidence(name, step_losses=losses(2)[:98]),
        "steps",
    ),
}


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_on_either_side_is_found_and_named(name, side):
    plant, said = PLANTED[name]
    sides = [evidence("pytorch"), evidence("tensorflow")]
    sides[side] = plant(("pytorch", "tensorflow")[side])
    found = made(*sides)
    assert not found.same_job
    assert said in found.sentence


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize(
    "name", [name for name in PLANTED if "steps than" not in name and "no details" not in name]
)
def test_a_job_that_enlarges_rounding_hides_nothing_of_it(name, side):
    """Each framework's own rounding is far from exact, but not in what is planted."""
    plant, said = PLANTED[name]
    sides = [evidence("pytorch"), evidence("tensorflow")]
    sides[side] = plant(("pytorch", "tensorflow")[side])
    held = [proof(side, moved=losses_apart(side), again=same(side)) for side in sides]
    found = made(*held)
    assert not found.same_job
    assert said in found.sentence


def losses_apart(found):
    """The same trial whose losses alone have parted by the end, by 1e-3."""
    values = found.trial.losses * (1 + np.geomspace(1e-16, 1e-3, len(found.trial.losses)))
    details = dataclasses.replace(found.trial.details, ordered_losses=1.5 * values)
    moved = dataclasses.replace(found.trial, losses=values, details=details)
    return dataclasses.replace(found, trial=moved)


def same(found):
    return found


def test_two_trials_that_failed_alike_show_nothing():
    found = made(failed(evidence()), failed(evidence("tensorflow")))
    assert not found.same_job
    assert "pytorch-1 did not succeed; tensorflow-1 did not succeed" in found.sentence


def test_a_job_that_diverges_is_judged_up_to_there_and_is_not_certified():
    values = [*losses(2)[:60], *(40 * [float("nan")])]
    sides = evidence(step_losses=values), evidence("tensorflow", step_losses=values)
    found = made(*sides)
    assert not found.same_job
    assert "not finite from step 60 on; until then they agree to 0e+00" in found.sentence


def test_the_saved_weights_are_held_in_every_framework_against_what_training_used():
    found = made()
    places = {d.tensor for d in found.differences if d.quantity == AGAIN}
    names = ("pytorch", "tensorflow")
    assert places == {f"{one} in {other}" for one in names for other in names}


def test_a_parameter_whose_gradient_is_rounding_is_named_and_not_judged():
    def side(name, bias):
        found = evidence(name)
        norms = {**found.trial.details.gradient_norms, "layers.1.bias": np.full(STEPS, 1e-17)}
        found = with_details(found, gradient_norms=norms)
        return dataclasses.replace(found, weights={**found.weights, "layers.1.bias": bias})

    found = made(side("pytorch", np.ones(3)), side("tensorflow", -np.ones(3)))
    assert found.same_job, found.sentence
    assert "The job does not determine layers.1.bias" in found.sentence
    assert "batch norm" not in found.sentence
    (bias,) = [d for d in found.differences if d.tensor == "layers.1.bias"]
    assert (bias.quantity, bias.clause) == (WEIGHTS, Clause.UNDETERMINED)
    changed = dataclasses.replace(side("tensorflow", -np.ones(3)), logits=np.eye(4) * 1.01)
    assert not made(side("pytorch", np.ones(3)), changed).same_job


NORMED = [
    {"flatten": {}},
    {"dense": {"units": 3}},
    {"batch_norm": {}},
    {"conv2d": {"filters": 2}},
    {"max_pool2d": {}},
    {"batch_norm": {}},
    {"dense": {"units": 3, "use_bias": False}},
    {"batch_norm": {}},
    {"custom_dense": {"units": 3}},
    {"activation": {"function": "ACTIVATION_FUNCTION_RELU"}},
    {"batch_norm": {}},
]


def test_a_bias_is_without_effect_if_a_batch_norm_subtracts_it():
    found = list(biases_before_batch_norm(job(layers=NORMED).layers))
    assert found == ["layers.1.bias", "layers.3.bias"]


@pytest.mark.parametrize("precision", ["FLOAT64", "FLOAT32"])
def test_a_bias_before_a_batch_norm_that_differs_is_named_with_its_cause(precision):
    found = made() if precision == "FLOAT64" else rounded(1e-7, precision="FLOAT32", own=1e-7)
    spec = dataclasses.replace(found.job, layers=job(layers=NORMED[:3]).layers)
    apart = {"layers.1.kernel": 1e-8, "layers.1.bias": 1.0, "layers.2.moving_mean": 0.04}
    found = dataclasses.replace(found, job=spec, weights=apart, undetermined=["layers.1.bias"])
    said = text.sentence(found, [])
    assert (
        "A bias before a batch norm has no effect, and a gradient of zero but for rounding: so "
        "layers.1.bias may differ, here by 100 %, and the moving mean with it"
    ) in said
    assert "does not determine" not in said
    assert "layers.1.bias (no effect: before a batch norm)" in [
        each.name for each in report.weights(found).rows
    ]
    alike = dataclasses.replace(found, weights={**apart, "layers.1.bias": 1e-7})
    assert "batch norm" not in text.sentence(alike, [])
