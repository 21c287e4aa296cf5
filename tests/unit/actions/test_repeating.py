"""What says that a comparison was repeated often enough."""

from dataclasses import replace

import pytest

from orchestrator.actions import repeat
from orchestrator.actions.repeat import Plan, enough
from orchestrator.results.comparison import compare
from orchestrator.results.estimate import FEWEST_PAIRS
from orchestrator.runners.progress import Lines, Stages
from orchestrator.storage.about import About, Kind
from tests.builders.comparisons import NOISE, pairs
from tests.builders.events import JOB, failed_trial
from tests.waiting import Clock

STEADY, NOISY = (1.2,) * 9, tuple(1.2 * (1 + 20 * (noise - 1)) for noise in NOISE)


class FakeRun:
    """Has the trials of as many repetitions as have been asked about."""

    def __init__(self, ratios, more=()):
        self.ratios = ratios
        self.more = more
        self.number = 0

    def about(self):
        return About("a", Kind.COMPARE, "w", None, ("pytorch", "tensorflow"))

    def job_spec(self):
        return JOB

    def trials(self):
        return [*pairs(self.ratios[: self.number]), *self.more]

    def result(self, name):
        assert name == "threads"  # there were no short trials of several numbers

    def write_result(self, name, result):
        assert name == "progress"
        self.progress = result


def repetitions(plan, ratios=STEADY, more=(), most=9):
    """How many there are until it is enough, and what was said."""
    run, said = FakeRun(ratios, more), []
    judge = enough(plan, run, Stages(Lines(said.append)))
    for run.number in range(1, most + 1):
        if judge(run.number):
            return run.number, said
    return None, said


@pytest.mark.parametrize("repeats", [1, 4, 8])
def test_as_many_as_were_asked_for(repeats):
    assert repetitions(Plan(repeats))[0] == repeats


def test_one_pair_needs_no_counter():
    assert repetitions(Plan(1)) == (1, [])


def test_each_pair_is_said_with_what_they_came_to_so_far_and_what_is_left(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(repeat, "time", clock)
    found = repeat._comparison
    monkeypatch.setattr(repeat, "_comparison", lambda run: clock.move(50) or found(run))
    _, said = repetitions(Plan(8))
    assert said[0] == "pair 1 of 8"
    assert said[1] == ("pair 2 of 8, so far PyTorch 1.20 times as fast, 6 min left")
    assert said[-1] == ("pair 8 of 8, so far PyTorch 1.20 times as fast ± 0.0%, 50 s left")


def test_what_is_said_is_kept_with_the_run_for_those_who_look_from_elsewhere():
    run = FakeRun(STEADY)
    judge = enough(Plan(8), run, Stages(Lines(lambda _: None)))
    assert (run.progress["text"], run.progress["done"], run.progress["of"]) == ("pair 1 of 8", 0, 8)
    run.number = 3
    judge(3)
    assert run.progress["text"].startswith("pair 4 of 8, so far PyTorch 1.20 times as fast")


def test_a_trial_that_failed_keeps_none_of_the_others_from_running():
    assert repetitions(Plan(4), more=[failed_trial()])[0] == 4


def test_until_sure_takes_no_more_than_an_interval_needs_where_nothing_varies():
    number, said = repetitions(Plan(precision=0.02))
    assert number == FEWEST_PAIRS
    assert said[-1] == f"pair {FEWEST_PAIRS}, so far PyTorch 1.20 times as fast"


def test_until_sure_takes_as_many_as_were_asked_for_at_least():
    assert repetitions(Plan(8, precision=0.02))[0] == 8


def test_until_sure_goes_on_where_it_varies_and_says_how_far_it_is():
    number, said = repetitions(Plan(precision=0.02), ratios=NOISY)
    assert number is None
    assert len(said) == 10
    assert "± " in said[-1]


def test_until_sure_begins_no_more_when_the_time_is_over(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(repeat, "time", clock)
    judged = FakeRun.trials
    monkeypatch.setattr(FakeRun, "trials", lambda run: clock.move(10) or judged(run))
    before = repetitions(Plan(precision=0.02, most_seconds=1e6), ratios=NOISY)
    assert before[0] is None
    number, said = repetitions(Plan(precision=0.02, most_seconds=10.0), ratios=NOISY)
    assert number == FEWEST_PAIRS
    assert "not certain enough yet" in said[-1]


def test_until_sure_that_did_not_get_there_is_a_warning():
    verdicts = compare(JOB, pairs(NOISY)).verdicts
    (found,) = repeat.cautions(verdicts, 0.02)
    assert found.code == "NOT_PRECISE"
    assert "not 2.0% as asked for" in found.sentence
    (without,) = repeat.cautions(compare(JOB, pairs(STEADY[:2])).verdicts, 0.02)
    assert "There is no interval" in without.sentence
    assert not repeat.cautions(compare(JOB, pairs(STEADY)).verdicts, 0.02)
    assert not repeat.cautions(verdicts, None)


def test_until_sure_ends_with_a_trial_that_failed():
    assert repetitions(Plan(precision=0.02), more=[failed_trial()])[0] == 1


class Conditioned(FakeRun):
    """With the condition that was asked for."""

    def about(self):
        return replace(super().about(), fail_if="ratio > 1.05", precision=0.0001)


@pytest.mark.parametrize(("ratio", "pairs"), [(1.2, 8), (1.0, 8), (1.05, None)])
def test_it_also_ends_when_its_condition_is_decided(ratio, pairs):
    noisy = [ratio * noise for noise in NOISE * 3]
    run = Conditioned(noisy)
    plan = Plan(precision=0.0001, fail_if="ratio > 1.05")
    judge = enough(plan, run, Stages(Lines(lambda _: None)))
    ended = None
    for run.number in range(1, 13):
        if judge(run.number):
            ended = run.number
            break
    assert ended == pairs
