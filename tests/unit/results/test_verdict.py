"""The verdict on speed: what is said of which times, and how sure it is."""

import re
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from twinrun.contract.enums import Device, JobState
from twinrun.contract.events import Load
from twinrun.v1 import job_pb2

from orchestrator.results.comparison import compare
from orchestrator.results.comparison_file import as_dict
from orchestrator.results.verdict import DISTURBED, below, verdict
from tests.builders.comparisons import NOISE, both, pairs, several, timed
from tests.builders.events import JOB, failed_trial, trial

LAW = settings(database=None, max_examples=50)


SECONDS = st.floats(1e-3, 1e5)


def test_the_faster_framework_is_named_with_the_ratio_of_training_times():
    found = both(1.12, 1.0)
    assert (found.verdict.faster, found.verdict.slower) == ("tensorflow", "pytorch")
    assert found.verdict.ratio == pytest.approx(1.12)
    assert found.finding == (
        "PyTorch took 1.12 s an epoch and TensorFlow 1.00 s: only one trial each, which does not "
        "show who is faster."
    )
    assert list(below(found.verdict)) == [
        "Measured: PyTorch took 1.12 times as long as TensorFlow (one trial each: provisional)."
    ]


def test_only_training_is_compared():
    slow_start = trial("pytorch", seconds=(1.0,), phases={"import": 1000.0, "compile": 500.0})
    found = compare(JOB, [slow_start, trial("tensorflow", seconds=(2.0,))])
    assert found.verdict.faster == "pytorch"
    assert found.verdict.ratio == 2.0


def test_few_pairs_are_provisional_and_have_no_interval():
    found = compare(JOB, pairs([1.5] * 5)).verdict
    assert found.provisional
    assert (found.low, found.high, found.least_seen) == (None, None, None)
    assert (found.decided, found.shown, found.level) == (False, False, False)
    assert found.sentence == (
        "PyTorch took 2.00 s an epoch and TensorFlow 3.00 s: only 5 pairs of trials, which does "
        "not show who is faster."
    )
    assert "1.50 times as long as PyTorch (5 pairs: provisional)" in next(below(found))


def test_many_pairs_make_a_verdict_with_an_interval():
    found = compare(JOB, pairs([1.2 * noise for noise in NOISE])).verdict
    assert (found.shown, found.provisional, found.level) == (True, False, False)
    assert found.low < found.ratio < found.high
    assert list(below(found)) == []
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


@pytest.mark.parametrize(("slower", "level"), [(1.0099, True), (1.0101, False)])
def test_a_ratio_below_one_percent_is_called_level(slower, level):
    found = compare(JOB, pairs([slower] * 6))
    assert found.verdict.level is level
    assert ("trained level within 1 %" in found.finding) is level
    assert ("times as fast" in found.finding) is not level


def test_level_is_not_said_of_too_few_pairs():
    assert "level" not in both(1.0, 1.0).finding


def disturbed(trials, share, own=(1.0, 1.0)):
    """The trials, while others took the ``share`` of two CPUs; ``own``: CPU seconds by side."""
    environment = job_pb2.Environment(available_cpus=2)

    def load(found):
        seconds = found.epochs[0].train_seconds
        used = own[found.framework.startswith("tensorflow")]
        epochs = (replace(found.epochs[0], load=Load(used, 2 * share * seconds, 0.0, 0.0, 0.0)),)
        return replace(found, environment=environment, epochs=epochs)

    return list(map(load, trials))


def test_a_machine_that_others_use_does_not_show_who_is_faster_however_many_the_pairs():
    found = compare(JOB, disturbed(pairs([1.5 * noise for noise in NOISE]), 0.76))
    assert found.finding == (
        "PyTorch took 2.00 s an epoch and TensorFlow 3.00 s: 76.00 % of the CPUs taken by others, "
        "which does not show who is faster."
    )
    told = next(below(found.verdict))
    assert told.startswith("Measured: TensorFlow took 1.50 times as long as PyTorch (95 %: 1.4")
    assert not found.verdict.shown


def test_one_trial_each_on_a_disturbed_machine_has_both_reasons():
    found = compare(JOB, disturbed(pairs([2.75]), 0.76))
    assert "only one trial each, 76.00 % of the CPUs taken by others, which" in found.finding


def test_a_machine_that_others_use_a_little_still_shows_who_is_faster():
    found = compare(JOB, disturbed(pairs([1.5] * 6), DISTURBED - 0.01))
    assert found.verdict.shown
    assert "PyTorch trained 1.50 times as fast" in found.finding


@pytest.mark.parametrize(("own", "said"), [((2.0, 1.0), "0.50"), ((1.0, 1.6), "1.60")])
def test_where_cpus_are_taken_wall_clock_and_cpu_seconds_are_held_together(own, said):
    found = compare(JOB, disturbed(pairs([1.53] * 6), 0.1, own)).verdict
    (told,) = below(found)
    assert told.startswith("Others took 10.00 % of the CPUs: by wall clock TensorFlow took 1.53")
    assert f"{said} times" in told
    assert ("disagree" in told) is (own[0] > own[1])


def test_cpu_seconds_are_not_said_of_a_quiet_machine_or_of_a_gpu():
    assert not list(below(compare(JOB, disturbed(pairs([1.5] * 6), 0.01)).verdict))
    on_gpu = [
        replace(t, spec=replace(t.spec, device=Device.CUDA))
        for t in disturbed(pairs([1.5] * 6), 0.1)
    ]
    assert compare(JOB, on_gpu).verdict.cpu_ratio is None


@pytest.mark.parametrize("count", [1, 3, 6])
def test_no_side_of_an_a_a_test_is_called_faster(count):
    trials = [
        replace(
            found, framework={"pytorch": "pytorch-a", "tensorflow": "pytorch-b"}[found.framework]
        )
        for found in pairs([1.12] * count)
    ]
    found = compare(JOB, trials)
    assert found.finding == (
        "PyTorch A took 2.00 s an epoch and PyTorch B 2.24 s: they are the same, so the "
        "difference is noise."
    )
    assert not found.verdict.shown
    assert next(below(found.verdict)).startswith("Measured: PyTorch B took 1.12 times as long as")


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
    assert (found.faster, found.decided) == (scaled.faster, scaled.decided)
    assert found.ratio == pytest.approx(scaled.ratio)


@LAW
@given(st.permutations([("pytorch", 1), ("pytorch", 2), ("tensorflow", 1), ("tensorflow", 2)]))
def test_the_order_of_the_trials_changes_nothing(order):
    trials = [timed(name, 1.0 + number / 8, number) for name, number in order]
    ordered = sorted(trials, key=lambda found: found.name)
    assert as_dict(compare(JOB, trials)) == as_dict(compare(JOB, ordered))


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


def test_a_failed_trial_leaves_no_verdict_and_its_reason():
    found = compare(JOB, [trial("pytorch"), failed_trial("tensorflow")])
    assert found.verdict is None
    assert found.finding == (
        "No verdict on speed: trial 1 of TensorFlow failed: "
        "The process was ended by signal 9 (SIGKILL)."
    )


def test_one_framework_that_was_to_run_alone_and_failed_is_no_missing_verdict():
    alone = failed_trial("tensorflow")
    found = compare(JOB, [alone], sides=["tensorflow"])
    assert found.finding == (
        "Not finished: trial 1 of TensorFlow failed: The process was ended by signal 9 (SIGKILL)."
    )
    asked = compare(JOB, [alone], sides=["pytorch", "tensorflow"])
    assert asked.finding.startswith("No verdict on speed: ")


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (JobState.PENDING, "did not start"),
        (JobState.RUNNING, "was not followed to its end"),
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
