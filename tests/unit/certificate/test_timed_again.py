"""Timed pairs that part where rounding switches a unit of the model, and are run again."""

import dataclasses

import numpy as np
import pytest

from orchestrator.certificate.envelope import Envelope
from orchestrator.certificate.timed import in_doubt, judge_timed
from orchestrator.certificate.timed.switched import number_of
from tests.builders.events import job, losses, trial

STEPS = 100
PLAIN = np.array(losses(2))[:STEPS]
OWN = np.full(STEPS, 2e-7)
HELD = Envelope("float32", 1.0, OWN, {"pytorch": OWN, "tensorflow": OWN})
SWITCHED = PLAIN * (1 + np.where(np.arange(STEPS) < 38, 1e-7, 1e-3))
NOISE = 1 + 1e-7 * np.sin(np.arange(STEPS))


def of(side, number, values):
    made = trial(side, number, step_losses=list(values))
    return dataclasses.replace(made, spec=job(precision="PRECISION_FLOAT32"))


PAIR = of("pytorch", 5, PLAIN), of("tensorflow", 5, SWITCHED)


def again(pytorch=PLAIN, tensorflow=SWITCHED, moved=PLAIN * NOISE, side="tensorflow"):
    return [
        of("pytorch", number_of(0, 5), pytorch),
        of("tensorflow", number_of(0, 5), tensorflow),
        of("tensorflow" if side == "pytorch" else "pytorch", number_of(1, 5), PLAIN * 1.1),
        of(side, number_of(1, 5), moved),
    ]


def judged(*trials):
    one, other = PAIR
    return judge_timed([one], [other], HELD, None, trials)


def doubted(*trials, pair=PAIR):
    return in_doubt([pair[0]], [pair[1]], HELD, None, trials)


@pytest.mark.parametrize(
    "trials",
    [again(), again(moved=SWITCHED * NOISE, side="pytorch")],
    ids=["the other side's draw", "the first side's draw"],
)
def test_a_side_that_agrees_with_the_others_perturbed_trial_is_the_same(trials):
    assert not judged().same
    found = judged(*trials)
    assert found.same
    assert "In pair 5 the losses diverge at a step where rounding switches" in found.sentence
    assert doubted() == [5]
    assert doubted(*trials) == []


@pytest.mark.parametrize(
    "trials",
    [
        again()[:2],  # only repeated
        again()[2:],  # not repeated
        again(moved=SWITCHED * NOISE),  # what is wrong is wrong in the perturbed trial too
        again(pytorch=PLAIN * (1 + 1e-3)),  # chance
        again(tensorflow=SWITCHED * np.where(np.arange(STEPS) < 50, 1, 1.001)),
        again(moved=PLAIN * np.where(np.arange(STEPS) < 60, 1, 1.001)),  # another unit
        again(moved=PLAIN * (1 + 1e-4)),  # another value at step 0
        [dataclasses.replace(each, number=each.number + 1) for each in again()],  # another pair's
        [dataclasses.replace(each, losses=each.losses[:0]) for each in again()],
    ],
)
def test_anything_less_settles_nothing(trials):
    assert not judged(*trials).same
    assert doubted(*trials) == [5]


@pytest.mark.parametrize(
    "values",
    [PLAIN * 1.001, PLAIN[:-1], np.where(np.arange(STEPS) < 50, PLAIN, np.nan), PLAIN],
    ids=["at step 0", "fewer steps", "not finite", "the same"],
)
def test_what_no_switched_unit_does_is_not_run_again(values):
    assert doubted(pair=(PAIR[0], of("tensorflow", 5, values))) == []


def test_one_switched_pair_excuses_no_other():
    wrong = of("pytorch", 6, PLAIN), of("tensorflow", 6, SWITCHED)
    found = judge_timed([PAIR[0], wrong[0]], [PAIR[1], wrong[1]], HELD, None, again())
    assert not found.same
    assert "in pair 6" in found.sentence
