"""What says that a comparison was repeated often enough."""

import pytest

from orchestrator.actions import repeat
from orchestrator.actions.repeat import Plan, enough
from orchestrator.results.comparison import compare
from orchestrator.results.estimate import FEWEST_PAIRS
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


def repetitions(plan, ratios=STEADY, more=(), most=9):
    """How many there are until it is enough, and what was said."""
    run, said = FakeRun(ratios, more), []
    judge = enough(plan, run, said.append)
    for run.number in range(1, most + 1):
        if judge(run.number):
            return run.number, said
    return None, said


@pytest.mark.parametrize("repeats", [1, 4, 8])
def test_as_many_as_were_asked_for(repeats):
    assert repetitions(Plan(repeats)) == (repeats, [])


def test_a_trial_that_failed_keeps_none_of_the_others_from_running():
    assert repetitions(Plan(4), more=[failed_trial()]) == (4, [])


def test_until_sure_takes_no_more_than_an_interval_needs_where_nothing_varies():
    number, said = repetitions(Plan(precision=0.02))
    assert number == FEWEST_PAIRS
    (sentence,) = said
    assert sentence == (
        f"{FEWEST_PAIRS} repetitions: PyTorch trained 1.20 times as fast as TensorFlow "
        f"(95 %: 1.20 to 1.20, {FEWEST_PAIRS} pairs)."
    )


def test_until_sure_takes_as_many_as_were_asked_for_at_least():
    assert repetitions(Plan(8, precision=0.02))[0] == 8


def test_until_sure_goes_on_where_it_varies_and_says_how_far_it_is():
    number, said = repetitions(Plan(precision=0.02), ratios=NOISY)
    assert number is None
    assert len(said) == 9 - FEWEST_PAIRS + 1


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
