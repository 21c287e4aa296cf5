import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from twinrun.contract.enums import JobState

from orchestrator.results.comparison import compare
from orchestrator.results.comparison_file import as_dict
from orchestrator.results.quantities import EPOCH, THROUGHPUT
from orchestrator.results.verdict import verdict
from orchestrator.trials.fold import fold
from orchestrator.trials.spec import spec_from_mapping, spec_mapping
from tests.unit.events import JOB, SPEC, failed_trial, job, losses, trial

LAW = settings(database=None, max_examples=50)
SECONDS = st.floats(1e-3, 1e5)


def timed(framework, seconds, number=1):
    """A trial of one epoch; `seconds` are not rounded, as those of an event would be."""
    found = trial(framework, number, seconds=(1.0,))
    epochs = (replace(found.epochs[0], train_seconds=seconds),)
    return replace(found, phases={"train": seconds}, epochs=epochs)


def both(pytorch, tensorflow):
    return compare(JOB, [timed("pytorch", pytorch), timed("tensorflow", tensorflow)])


def test_the_faster_framework_is_named_with_the_ratio_of_training_times():
    found = both(1.12, 1.0)
    assert (found.verdict.faster, found.verdict.slower) == ("tensorflow", "pytorch")
    assert found.verdict.ratio == pytest.approx(1.12)
    assert found.finding == (
        "TensorFlow trained 1.12 times as fast as PyTorch (one trial each: provisional)."
    )


def test_only_training_is_compared():
    slow_start = trial("pytorch", seconds=(1.0,), phases={"import": 1000.0, "compile": 500.0})
    found = compare(JOB, [slow_start, trial("tensorflow", seconds=(2.0,))])
    assert found.verdict.faster == "pytorch"
    assert found.verdict.ratio == 2.0


def pairs(ratios, seconds=2.0):
    """Of each pair PyTorch's trial takes ``seconds``, TensorFlow's so many times as much."""
    return [
        made
        for number, ratio in enumerate(ratios, start=1)
        for made in (
            timed("pytorch", seconds, number),
            timed("tensorflow", ratio * seconds, number),
        )
    ]


NOISE = (0.99, 1.01, 1.0, 0.98, 1.02, 1.005, 0.995, 1.0)


def test_few_pairs_are_provisional_and_have_no_interval():
    found = compare(JOB, pairs([1.5] * 5)).verdict
    assert found.provisional
    assert (found.low, found.high, found.least_seen) == (None, None, None)
    assert found.sentence == (
        "PyTorch trained 1.50 times as fast as TensorFlow (5 pairs: provisional)."
    )


def test_many_pairs_make_a_verdict_with_an_interval():
    found = compare(JOB, pairs([1.2 * noise for noise in NOISE])).verdict
    assert (found.shown, found.provisional, found.level) == (True, False, False)
    assert found.low < found.ratio < found.high
    assert list(found.pair_ratios) == list(range(1, 9))
    assert list(found.pair_ratios.values()) == pytest.approx([1.2 * noise for noise in NOISE])
    assert re.fullmatch(
        r"PyTorch trained 1\.20 times as fast as TensorFlow \(95 %: 1\.1\d to 1\.2\d, 8 pairs\)\.",
        found.sentence,
    )


def test_noise_is_no_difference_and_it_is_said_what_could_have_been_seen():
    found = compare(JOB, pairs(NOISE)).verdict
    assert (found.shown, found.level) == (False, False)
    assert re.fullmatch(
        "No difference is shown between the training of .* and .*; one below [12][.][0-9]% could "
        "not have been seen \\(8 pairs\\)[.]",
        found.sentence,
    )


def test_a_difference_that_is_sure_and_small_is_called_level():
    found = compare(JOB, pairs([1.005 + noise / 1000 for noise in NOISE])).verdict
    assert (found.shown, found.level) == (False, True)
    assert "PyTorch and TensorFlow trained level within 1 % (95 %: 1.0" in found.sentence


def test_a_pair_one_of_whose_trials_failed_is_left_out_and_said():
    trials = [*pairs([1.2] * 7), timed("pytorch", 1.0, 8), failed_trial("tensorflow", 8)]
    found = compare(JOB, trials)
    assert found.verdict.pairs == 7
    assert found.finding.endswith(
        "Left out with its pair: trial 8 of TensorFlow failed: "
        "The process was ended by signal 9 (SIGKILL)."
    )


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


@pytest.mark.parametrize(("slower", "level"), [(1.0, True), (1.0099, True), (1.0101, False)])
def test_a_ratio_below_one_percent_is_called_level(slower, level):
    found = both(1.0, slower)
    assert found.verdict.level is level
    assert ("trained level within 1 %" in found.finding) is level
    assert ("times as fast" in found.finding) is not level


@LAW
@given(SECONDS, SECONDS)
def test_swapping_the_frameworks_swaps_their_names_and_nothing_else(first, second):
    assume(first != second)
    found, swapped = both(first, second).verdict, both(second, first).verdict
    assert (found.faster, found.slower) == (swapped.slower, swapped.faster)
    assert found.ratio == pytest.approx(swapped.ratio)
    assert found.ratio >= 1
    assert found.level == swapped.level


@LAW
@given(SECONDS, SECONDS, st.integers(-8, 8))
def test_scaling_both_times_changes_nothing(first, second, power):
    scale = 2.0**power  # exact
    found, scaled = both(first, second).verdict, both(scale * first, scale * second).verdict
    assert (found.faster, found.sentence) == (scaled.faster, scaled.sentence)
    assert found.ratio == pytest.approx(scaled.ratio)


@LAW
@given(st.permutations([("pytorch", 1), ("pytorch", 2), ("tensorflow", 1), ("tensorflow", 2)]))
def test_the_order_of_the_trials_changes_nothing(order):
    trials = [timed(name, 1.0 + number / 8, number) for name, number in order]
    ordered = sorted(trials, key=lambda found: found.name)
    assert as_dict(compare(JOB, trials)) == as_dict(compare(JOB, ordered))


def test_three_frameworks_are_held_against_the_first_of_them():
    trials = [timed("pytorch", 3.0), timed("tensorflow", 2.0), timed("jax", 1.0)]
    found = compare(JOB, trials, sides=["pytorch", "tensorflow", "jax"])
    assert list(found.trials) == ["pytorch", "tensorflow", "jax"]
    assert found.finding == (
        "TensorFlow trained 1.50 times as fast as PyTorch (one trial each: provisional). "
        "jax trained 3.00 times as fast as PyTorch (one trial each: provisional)."
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


def several(count, blocks=12, seed=0):
    """Trials of ``count`` sides that take as long, but for noise of 3 %."""
    rng = np.random.default_rng(seed)
    return [
        timed(f"side{index}", np.exp(0.03 * rng.standard_normal()), number)
        for number in range(1, blocks + 1)
        for index in range(count)
    ]


@pytest.mark.parametrize("count", [2, 3, 8])
def test_intervals_that_hold_together_are_as_much_wider_as_there_are_more(count):
    found = compare(JOB, several(count))
    assert len(found.pairs) == count - 1
    for pair in found.pairs:
        trials = {side: found.trials[side] for side in (pair.baseline, pair.side)}
        alone = verdict(trials)
        assert pair.verdict.ratio == alone.ratio
        assert pair.verdict.least_seen >= alone.least_seen
        assert (pair.verdict.least_seen == alone.least_seen) is (count == 2)
        assert pair.verdict.together == count - 1


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
    assert found.finding.startswith("jax trained 2.00 times as fast as PyTorch")
    assert "Left out with its block: trial 1 of TensorFlow failed" in found.finding
    assert [pair.verdict is None for pair in found.pairs] == [False, True]


def test_a_side_whose_losses_are_no_numbers_has_no_verdict_and_the_others_have():
    bad = replace(timed("tensorflow", 3.0), losses=np.array([1.0, np.nan]))
    found = compare(JOB, [timed("jax", 1.0), timed("pytorch", 2.0), bad])
    assert [pair.verdict is None for pair in found.pairs] == [False, True]
    assert "No verdict on the speed of TensorFlow: the losses of TensorFlow are" in found.finding
    first = compare(JOB, [timed("jax", 1.0), timed("pytorch", 2.0), bad], baseline="tensorflow")
    assert first.finding.endswith(
        "No verdict on speed: the losses of TensorFlow are no finite numbers from step 1 on."
    )
    assert not first.verdicts


def test_sides_that_change_how_the_job_is_run_are_compared_and_held_to_agree():
    name = "pytorch-execution=compiled"
    changed = replace(timed(name, 1.0), spec=job(execution="EXECUTION_COMPILED"))
    found = compare(JOB, [timed("pytorch", 2.0), changed])
    assert found.inputs.same
    assert "their sides change execution" in found.inputs.sentence
    assert found.job == JOB
    assert found.finding.startswith("PyTorch (execution=compiled) trained 2.00 times as fast")
    assert found.timed
    other = replace(changed, spec=replace(changed.spec, epochs=99))
    assert compare(JOB, [timed("pytorch", 2.0), other]).inputs.differences == ("spec.epochs",)


def test_what_agrees_is_told_of_the_trials_that_count():
    trials = [timed(side, 1.0, number) for side in ("pytorch", "tensorflow") for number in (1, 2)]
    failed = replace(failed_trial("pytorch", 1), losses=np.array([9.0]))
    (found,) = compare(JOB, [failed, *trials[1:]]).agreements
    assert found.largest_loss_difference == 0
    odd = replace(trials[3], losses=1.5 * trials[3].losses)
    (found,) = compare(JOB, [*trials[:3], odd]).agreements
    assert found.largest_loss_difference == pytest.approx(1 / 3)


def test_comparison_json_of_several_sides_tells_of_each_pair():
    found = json.loads(json.dumps(as_dict(compare(JOB, several(3)))))
    assert found["schema"] == "twinrun.comparison/2"
    assert found["baseline"] == "side0"
    assert [pair["side"] for pair in found["pairs"]] == ["side1", "side2"]
    assert all(pair["verdict"]["together"] == 2 for pair in found["pairs"])
    assert not {"verdict", "ratios", "timed", "agreements"} & found.keys()
    assert as_dict(compare(JOB, several(2)))["schema"] == "twinrun.comparison/1"


def test_a_failed_trial_leaves_no_verdict_and_its_reason():
    found = compare(JOB, [trial("pytorch"), failed_trial("tensorflow")])
    assert found.verdict is None
    assert found.finding == (
        "No verdict on speed: trial 1 of TensorFlow failed: "
        "The process was ended by signal 9 (SIGKILL)."
    )


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (JobState.PENDING, "did not start"),
        (JobState.RUNNING, "was not seen to its end"),
        (JobState.FAILED, "failed: it gave no reason"),
        (JobState.CANCELLED, "was cancelled"),
    ],
)
def test_whatever_did_not_succeed_leaves_no_verdict(state, said):
    found = compare(JOB, [replace(trial("pytorch"), state=state), trial("tensorflow")])
    assert found.verdict is None
    assert said in found.finding


def test_a_trial_without_training_time_leaves_no_verdict():
    found = compare(JOB, [timed("pytorch", 0.0), trial("tensorflow")])
    assert found.verdict is None
    assert "reported no training time" in found.finding


def test_one_framework_alone_gets_no_verdict_and_no_trial_at_all_gets_a_sentence():
    assert compare(JOB, [trial("pytorch")]).verdict is None
    assert "PyTorch ran alone" in compare(JOB, [trial("pytorch")]).finding
    assert compare(JOB, []).finding == "There is no trial to compare."


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
    assert found.finding.startswith(f"This was not the same job: {said}. PyTorch trained")


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
    assert found.accuracy_difference == pytest.approx(-0.01)


def test_trials_without_steps_agree_on_nothing():
    trials = [fold("pytorch", 1, []), fold("tensorflow", 1, [])]
    (found,) = compare(JOB, trials).agreements
    assert (found.steps, found.largest_loss_difference, found.accuracy_difference) == (
        0,
        None,
        None,
    )


def test_comparison_json_is_as_the_design_says():
    found = as_dict(compare(JOB, [trial("pytorch"), trial("tensorflow")]))
    assert found["schema"] == "twinrun.comparison/1"
    assert found["job"] == spec_mapping(JOB)
    assert spec_from_mapping(found["job"], "a test") == JOB
    framework = found["frameworks"]["tensorflow"]
    assert framework["environment"]["framework_version"] == "2.21.0"
    assert framework["environment"]["accelerators"][0]["memory_bytes"] == 80_000_000_000
    (only,) = framework["trials"]
    assert set(only["phases"]) == {"import", "data", "build", "compile", "train", "evaluate"}
    assert only["peak_memory_bytes"] == 612_000_000
    epoch = only["epochs"][0]
    expected = {"train_seconds", "evaluate_seconds", "train_loss", "test_loss", "test_accuracy"}
    expected |= {
        "epoch",
        "samples_per_second",
        "data_wait_seconds",
        "sync_seconds",
        "running_accuracy",
        "load",
    }
    expected |= {"validation_loss", "validation_accuracy"}
    assert expected == set(epoch)
    assert 0 <= epoch["test_accuracy"] <= 1
    assert found["verdict"]["provisional"] is True


def test_comparison_json_of_a_failed_run_has_no_verdict_and_says_why():
    found = as_dict(compare(JOB, [trial("pytorch"), failed_trial("tensorflow")]))
    assert found["verdict"] is None
    assert "SIGKILL" in found["finding"]
    assert found["frameworks"]["tensorflow"]["trials"][0]["error"]["reason"] == "CHILD_DIED"


def test_comparison_json_holds_no_number_that_json_does_not_know():
    values = [*losses(1)[:20], *30 * [float("nan")]]
    diverged = trial("pytorch", seconds=(1.0,), step_losses=values)
    found = as_dict(compare(JOB, [diverged, trial("tensorflow", seconds=(1.0,))]))
    json.dumps(found, allow_nan=False)
    assert found["frameworks"]["pytorch"]["trials"][0]["epochs"][0]["train_loss"] is None
    assert found["agreements"][0]["largest_loss_difference"] is None
