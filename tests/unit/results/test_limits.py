"""What the pairs of a comparison, or two runs, decide of a limit."""

import itertools
import json
from dataclasses import replace

import pytest
from twinrun.v1 import job_pb2

from orchestrator.certificate.certificates import Certificates, none_made
from orchestrator.errors import BeyondLimit, RunUnreadable, Undecided
from orchestrator.language.phrases import Phrase, english
from orchestrator.results.comparison import compare
from orchestrator.results.comparison_file import as_dict
from orchestrator.results.difference import difference
from orchestrator.results.estimate import fewest_pairs
from orchestrator.results.limits import looks, slower
from orchestrator.results.limits.decision import MOST_PAIRS, Outcome, outcome_of, pairs_that_decide
from orchestrator.results.limits.judging import decisions, is_settled, judged, raise_for
from orchestrator.storage.about import About, Kind
from tests.bench import limits
from tests.builders.comparisons import NOISE, pairs, several, timed
from tests.builders.events import JOB

TWO = ("pytorch", "tensorflow")


def about(fail_if, sides=TWO, **more):
    return About("a", Kind.COMPARE, "w", None, sides, fail_if=fail_if, **more)


def times(ratio, count=8):
    return pairs([ratio * noise for noise in itertools.islice(itertools.cycle(NOISE), count)])


def decided(ratio, fail_if="ratio > 1.05", count=8, **more):
    return decisions(compare(JOB, times(ratio, count)), about(fail_if, **more))


@pytest.mark.parametrize(
    ("low", "high", "above", "outcome"),
    [
        (1.06, 1.10, True, Outcome.FAILED),
        (1.04, 1.10, True, Outcome.UNDECIDED),
        (1.05, 1.10, True, Outcome.UNDECIDED),  # its end is the limit, which is not beyond it
        (0.97, 1.05, True, Outcome.PASSED),
        (0.90, 1.00, False, Outcome.FAILED),
        (0.90, 1.10, False, Outcome.UNDECIDED),
        (1.05, 1.10, False, Outcome.PASSED),
        (None, None, True, Outcome.UNDECIDED),
    ],
)
def test_only_a_whole_interval_decides(low, high, above, outcome):
    assert outcome_of(low, high, 1.05, above=above) is outcome


@pytest.mark.parametrize(
    ("ratio", "outcome"),
    [(1.2, Outcome.FAILED), (1.0, Outcome.PASSED), (1.05, Outcome.UNDECIDED)],
)
def test_a_ratio_is_the_other_sides_over_the_baselines(ratio, outcome):
    (found,) = decided(ratio)
    assert found.outcome is outcome
    assert found.value == pytest.approx(ratio, rel=0.01)
    (other,) = decided(1 / ratio, "pytorch: ratio > 1.05", baseline="tensorflow")
    assert other.side == "pytorch"


def test_the_finding_begins_with_the_decision_and_the_file_has_it():
    comparison = judged(compare(JOB, times(1.2)), about("ratio > 1.05"))
    assert comparison.finding.startswith(
        "Failed, because ratio > 1.05: an epoch of TensorFlow took 1.200 times as long as one of "
        "PyTorch (95 %: 1."
    )
    assert "PyTorch trained 1.20 times as fast" in comparison.finding
    (stored,) = json.loads(json.dumps(as_dict(comparison)))["decisions"]
    assert stored["outcome"] == "failed"
    assert stored["side"] == "tensorflow"
    assert stored["low"] > 1.05


def test_a_comparison_without_a_condition_is_as_it_was():
    comparison = compare(JOB, times(1.2))
    assert judged(comparison, about(None)) is comparison
    assert "decisions" not in as_dict(comparison)


def test_what_is_not_the_same_job_is_said_first_and_decides_nothing():
    bad = Certificates([none_made(english(Phrase("it broke")), *TWO)])
    found = judged(compare(JOB, times(1.2), bad), about("ratio > 1.05"))
    assert found.finding.startswith("Not shown to be the same job")
    assert found.finding.endswith("whether ratio > 1.05: they are not shown to be the same job.")
    assert found.decisions[0].outcome is Outcome.UNDECIDED


@pytest.mark.parametrize("count", [1, 5])
def test_too_few_pairs_decide_nothing_and_it_is_said_how_many_do(count):
    (found,) = decided(2.0, count=count)
    assert found.outcome is Outcome.UNDECIDED
    assert found.pairs_needed == fewest_pairs()
    assert f"(pairs: {count}; an interval needs 6)" in found.sentence
    assert found.sentence.endswith("about 6 pairs would decide it.")


def test_no_trial_of_a_side_decides_nothing():
    only = [trial for trial in times(1.2) if trial.framework == "pytorch"]
    (found,) = decisions(compare(JOB, only), about("tensorflow: ratio > 1.05"))
    assert found.sentence == (
        "Not decided whether tensorflow: ratio > 1.05: there is no verdict on TensorFlow."
    )
    (alone,) = decisions(compare(JOB, []), about("ratio > 1.05"))
    assert alone.outcome is Outcome.UNDECIDED


def test_the_number_of_pairs_that_would_do_is_that_at_which_the_limit_is_outside():
    assert pairs_that_decide(0.0, -0.04, 0.04, 0.02, 8) == 32  # twice as narrow: four times as many
    assert pairs_that_decide(0.0, -0.04, 0.02, 0.02, 8) == 9
    assert pairs_that_decide(0.0, -0.04, 0.04, 0.0, 8) is None
    assert pairs_that_decide(0.0, -0.04, 0.04, 0.0001, 8) is None
    assert pairs_that_decide(0.0, -0.04, 0.04, 0.04 / (MOST_PAIRS / 8) ** 0.5, 8) == MOST_PAIRS
    (found,) = decided(1.045)
    assert found.pairs_needed > 8
    (more,) = decided(1.045, count=2 * found.pairs_needed)
    assert more.outcome is Outcome.PASSED


def test_of_several_sides_each_is_decided_with_intervals_that_hold_at_once():
    sides = tuple(f"side{number}" for number in range(3))
    found = decisions(compare(JOB, several(3)), about("ratio > 1.3 or ratio < 0.7", sides))
    assert [(each.side, each.condition) for each in found] == [
        *(("side1", "ratio > 1.3"), ("side2", "ratio > 1.3")),
        *(("side1", "ratio < 0.7"), ("side2", "ratio < 0.7")),
    ]
    assert all("(98.75 %: " in each.sentence for each in found)


def test_a_time_that_others_disturbed_decides_nothing_but_memory_does(monkeypatch):
    comparison = compare(JOB, times(1.2))
    pair = comparison.pairs[0]
    disturbed = replace(pair, verdict=replace(pair.verdict, taken=0.4))
    (found,) = decisions(replace(comparison, pairs=[disturbed]), about("ratio > 1.05"))
    assert found.outcome is Outcome.UNDECIDED
    assert found.sentence.endswith("Others took 40.00 % of the CPUs, so this time decides nothing.")
    of_memory = about("ratio(peak_memory_bytes) > 1.05")
    (memory,) = decisions(replace(comparison, pairs=[disturbed]), of_memory)
    assert "CPUs" not in memory.sentence


def test_a_condition_of_a_run_that_is_none_is_unreadable():
    with pytest.raises(RunUnreadable, match="is not a condition"):
        decided(1.0, "ratio is large")


def test_the_errors_have_codes_of_their_own_and_failing_comes_first():
    failed, passed, undecided = (decided(ratio) for ratio in (1.2, 1.0, 1.05))
    raise_for(passed)
    with pytest.raises(BeyondLimit) as error:
        raise_for([*undecided, *failed])
    assert error.value.exit_code == 8
    with pytest.raises(Undecided) as error:
        raise_for([*passed, *undecided])
    assert error.value.exit_code == 9
    assert is_settled([*undecided, *failed])
    assert is_settled(passed)
    assert not is_settled([*passed, *undecided])
    assert not is_settled([])


def test_the_looks_together_err_no_more_than_one():
    counts = list(itertools.takewhile(lambda pairs: pairs <= MOST_PAIRS, looks.looks()))
    assert counts[:5] == [8, 12, 18, 27, 40]
    assert sum(1 / looks.share(pairs) for pairs in counts) < 1
    assert all(pairs >= fewest_pairs(looks.share(pairs)) for pairs in counts)
    assert [looks.is_look(pairs) for pairs in (7, 8, 9, 12)] == [False, True, False, True]
    assert looks.share(9) == looks.share(12) == 2 * looks.share(8)
    (once,), (looked,) = decided(1.0), decided(1.0, precision=0.02)
    assert looked.high > once.high


def run(seconds, environment=None, count=12):
    """A run of PyTorch with so many trials of about so many seconds an epoch."""
    made = [
        replace(
            timed("pytorch", seconds * NOISE[number % len(NOISE)], number),
            environment=job_pb2.Environment(**(environment or {"cpu_model": "one"})),
        )
        for number in range(count)
    ]
    return compare(JOB, made)


def held(first, second, allowed=0.05):
    return slower.decisions(difference(first, second), first, second, allowed)


@pytest.mark.parametrize(
    ("ratio", "outcome"),
    [(1.1, Outcome.FAILED), (1.0, Outcome.PASSED), (0.5, Outcome.PASSED)],
)
def test_a_second_run_is_slower_or_not(ratio, outcome):
    (found,) = held(run(1.0), run(ratio))
    assert found.outcome is outcome
    assert "an epoch of PyTorch took" in found.sentence


def test_of_two_runs_with_few_trials_it_is_said_how_many_would_do():
    (found,) = held(run(1.0), run(2.0, count=3))
    assert found.outcome is Outcome.UNDECIDED
    assert found.sentence.endswith("about 6 trials a run would decide it.")


def test_runs_of_different_machines_decide_nothing():
    (found,) = held(run(1.0), run(2.0, {"cpu_model": "other", "available_cpus": 4}))
    assert found.outcome is Outcome.UNDECIDED
    assert "different machines: one with 0 CPUs, then other with 4 CPUs." in found.sentence


@pytest.mark.parametrize("ratio", [1.0, 1.2])
@pytest.mark.parametrize("which", [0, 1])
def test_blocks_of_machines_decide_nothing(which, ratio):
    """Neither that it is slower nor that it is not: the interval does not cover machines."""
    runs = [run(1.0), run(ratio)]
    trials = [replace(t, machine="ab"[t.number % 2]) for t in runs[which].trials["pytorch"]]
    runs[which] = compare(JOB, trials)
    (found,) = held(*runs)
    assert found.outcome is Outcome.UNDECIDED
    assert (
        "PyTorch ran on machines of --cluster, and no interval covers how they differ"
        in found.sentence
    )
    with pytest.raises(Undecided):
        raise_for([found])


@pytest.mark.parametrize(("made", "count"), [(limits.compared, 16), (limits.held, 24)])
def test_under_a_limit_of_5_percent_20_of_the_same_fail_never_and_9_of_10_that_are_slower_do(
    made, count
):
    """With the noise of a shared machine, and as many pairs, or trials of each run."""
    same = [made(seed, count, 0.0) for seed in range(20)]
    assert Outcome.FAILED not in same
    planted = [made(seed, count, 0.10) for seed in range(20)]
    assert planted.count(Outcome.FAILED) >= 18
    assert Outcome.PASSED not in planted


def test_what_runs_until_it_is_decided_fails_as_rarely_and_finds_as_much():
    same = [limits.until(seed, 60, 0.0)[0] for seed in range(10)]
    assert Outcome.FAILED not in same
    planted = [limits.until(seed, 60, 0.10)[0] for seed in range(10)]
    assert planted.count(Outcome.FAILED) >= 9


def test_what_is_at_the_limit_seldom_fails_though_half_of_the_estimates_are_beyond_it():
    """So the simulation would see a judge that forgets the interval."""
    drawn = [limits.drawn(seed, 8, 0.05) for seed in range(12)]
    found = [limits.decided(each) for each in drawn]
    assert found.count(Outcome.FAILED) <= 2
    assert sum(each.ratio > 1.05 for each in drawn) >= 4
