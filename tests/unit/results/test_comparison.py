"""Trials side by side: whether they did the same job, and each side held against the baseline."""

from dataclasses import replace

import numpy as np
import pytest

from orchestrator.results.comparison import compare
from orchestrator.results.quantities import EPOCH, THROUGHPUT
from orchestrator.trials.spec import spec_from_mapping
from tests.builders.comparisons import NOISE, pairs, several, timed
from tests.builders.events import JOB, SPEC, failed_trial, job, trial


def test_each_pair_has_a_seed_of_its_own_and_is_the_same_job_still():
    def seeded(made, seed):
        digest = f"{seed:064}"
        given = replace(made.inputs, initial_weights_sha256=digest, batch_order_sha256=digest)
        return replace(made, spec=job(seed=seed), inputs=given)

    trials = [seeded(made, made.number) for made in pairs(NOISE)]
    assert compare(JOB, trials).inputs.same is True
    trials[3] = seeded(trials[3], 9)
    found = compare(JOB, trials).inputs
    assert found.differences == ("initial_weights_sha256", "batch_order_sha256", "spec.seed")


def test_ratios_of_all_quantities_are_the_seconds_sides_over_the_firsts():
    found = compare(job(target_accuracy=0.9), pairs([1.5] * 6))
    assert found.pairs[0].ratios["train_seconds"].ratio == pytest.approx(1.5)
    assert found.pairs[0].ratios["peak_memory_bytes"].ratio == 1
    assert {"epoch_seconds", "evaluate_seconds"} <= found.pairs[0].ratios.keys()


def test_time_to_accuracy_is_training_to_the_end_of_the_first_epoch_that_has_it():
    given = job(target_accuracy=0.95)
    first = trial("pytorch", seconds=(1.0, 2.0, 4.0), accuracies=[0.9, 0.96, 0.97])
    second = trial("tensorflow", seconds=(1.0, 2.0, 4.0), accuracies=[0.95, 0.96, 0.97])
    trials = [replace(made, spec=given) for made in (first, second)]
    assert compare(given, trials).pairs[0].ratios["target_seconds"].ratio == pytest.approx(1 / 3)
    never = trial("tensorflow", accuracies=[0.5, 0.6, 0.7])
    trials[1] = replace(never, spec=given)
    assert "target_seconds" not in compare(given, trials).pairs[0].ratios


def test_three_frameworks_are_held_against_the_first_of_them():
    trials = [timed("pytorch", 3.0), timed("tensorflow", 2.0), timed("jax", 1.0)]
    found = compare(JOB, trials, sides=["pytorch", "tensorflow", "jax"])
    assert list(found.trials) == ["pytorch", "tensorflow", "jax"]
    assert found.finding == (
        "PyTorch took 3.00 s an epoch and TensorFlow 2.00 s: only one trial each, which does not "
        "show who is faster. PyTorch took 3.00 s an epoch and JAX 1.00 s: only one trial each, "
        "which does not show who is faster."
    )
    assert [pair.side for pair in found.pairs] == ["tensorflow", "jax"]
    ratios = [pair.ratios["epoch_seconds"].ratio for pair in found.pairs]
    assert ratios == pytest.approx([2 / 3, 1 / 3])
    assert len(found.agreements) == 2
    assert found.verdict is None


def test_the_baseline_is_what_is_asked_for():
    trials = [timed("pytorch", 3.0), timed("tensorflow", 2.0), timed("jax", 1.0)]
    found = compare(JOB, trials, baseline="tensorflow")
    assert [(pair.baseline, pair.side) for pair in found.pairs] == [
        ("tensorflow", "jax"),
        ("tensorflow", "pytorch"),
    ]
    lost = compare(JOB, trials[:1] + trials[2:], baseline="tensorflow")
    assert lost.finding == "No verdict on speed: the baseline, TensorFlow, has no trial."


def test_the_tables_ratio_is_the_verdicts_for_each_of_eight_sides():
    found = compare(JOB, several(8))
    for pair in found.pairs:
        ratio, told = pair.ratios["epoch_seconds"], pair.verdict
        slower = ratio.ratio if told.slower == pair.side else 1 / ratio.ratio
        assert slower == pytest.approx(told.ratio)
        assert (ratio.low is None) is (told.low is None)


def test_a_side_without_any_trial_that_succeeded_keeps_the_others_from_nothing():
    trials = [timed("jax", 1.0), timed("pytorch", 2.0), failed_trial("tensorflow")]
    found = compare(JOB, trials)
    assert found.finding.startswith("JAX took 1.00 s an epoch and PyTorch 2.00 s")
    assert "Left out with its block: trial 1 of TensorFlow failed" in found.finding
    assert [pair.verdict is None for pair in found.pairs] == [False, True]


def test_a_side_whose_losses_are_no_numbers_has_no_verdict_and_the_others_have():
    bad = replace(timed("tensorflow", 3.0), losses=np.array([1.0, np.nan]))
    found = compare(JOB, [timed("jax", 1.0), timed("pytorch", 2.0), bad])
    assert [pair.verdict is None for pair in found.pairs] == [False, True]
    assert "No verdict on the speed of TensorFlow: the losses of TensorFlow are" in found.finding
    first = compare(JOB, [timed("jax", 1.0), timed("pytorch", 2.0), bad], baseline="tensorflow")
    assert first.finding.endswith(
        "No verdict on speed: the losses of TensorFlow are not finite from step 1 on."
    )
    assert not first.verdicts


def test_sides_that_change_how_the_job_is_run_are_compared_and_held_to_agree():
    name = "pytorch-execution=compiled"
    changed = replace(timed(name, 1.0), spec=job(execution="EXECUTION_COMPILED"))
    found = compare(JOB, [timed("pytorch", 2.0), changed])
    assert found.inputs.same
    assert "their sides change execution" in found.inputs.sentence
    assert found.job == JOB
    assert "PyTorch (execution=compiled) 1.00 s" in found.finding
    assert found.timed
    other = replace(changed, spec=replace(changed.spec, epochs=99))
    assert compare(JOB, [timed("pytorch", 2.0), other]).inputs.differences == ("spec.epochs",)


def test_the_same_inputs_are_the_same_job():
    found = compare(JOB, [trial("pytorch"), trial("tensorflow")]).inputs
    assert (found.same, found.differences) == (True, ())


@pytest.mark.parametrize(
    ("digest", "said"),
    [
        ("data_sha256", "the training or test data differed"),
        ("initial_weights_sha256", "the initial weights differed"),
        ("batch_order_sha256", "the order of the batches differed"),
    ],
)
def test_a_differing_digest_is_said_before_any_verdict(digest, said):
    other = trial("tensorflow", inputs={digest: 64 * "b"}, seconds=(9.0,))
    found = compare(JOB, [trial("pytorch"), other])
    assert found.inputs.same is False
    assert found.inputs.differences == (digest,)
    assert found.finding.startswith(f"This was not the same job: {said}. PyTorch took")


def test_a_differing_spec_is_said_with_its_fields():
    layers = [SPEC["layers"][0], {"dense": {"units": 12}}]
    other = replace(trial("tensorflow"), spec=job(threads=4, layers=layers))
    found = compare(JOB, [trial("pytorch"), other])
    assert found.inputs.differences == ("spec.layers[1].dense.units", "spec.threads")
    assert "the specs differed in layers[1].dense.units, threads." in found.finding


def test_a_spec_field_that_only_one_trial_has_is_a_difference():
    other = replace(trial("tensorflow"), spec=job(target_accuracy=0.5))
    assert compare(JOB, [trial("pytorch"), other]).inputs.differences == ("spec.target_accuracy",)


def test_a_spec_field_that_is_left_out_has_its_default():
    without = {name: value for name, value in SPEC.items() if name != "seed"}
    other = replace(trial("tensorflow"), spec=spec_from_mapping(without, "a test"))
    assert compare(JOB, [trial("pytorch"), other]).inputs.same


def test_inputs_that_were_not_reported_are_not_called_the_same():
    found = compare(JOB, [replace(trial("pytorch"), inputs=None), trial("tensorflow")])
    assert found.inputs.same is None
    assert "pytorch-1 did not report them. " in found.finding


def test_the_job_is_the_completed_spec_where_the_trials_agree_on_it():
    asked = job(threads=1)
    other = replace(trial("tensorflow"), spec=job(threads=4))
    assert compare(asked, [trial("pytorch")]).job == JOB
    assert compare(asked, [trial("pytorch"), other]).job == asked


def test_throughput_is_the_samples_of_an_epoch_over_the_seconds_of_one():
    made = trial(seconds=(1.0, 3.0, 9.0), samples=600)
    assert THROUGHPUT.of([made], JOB) == 600 / EPOCH.of([made], JOB) == 600 / 3
    assert THROUGHPUT.of([failed_trial(after=0)], JOB) is None
    limited = trial(seconds=(1.0, 3.0, 9.0), samples=60_000, taken=192)
    assert THROUGHPUT.of([limited], JOB) == 192 / 3
