"""A unit that rounding switches: an honest job is certified, and no fault hides behind it."""

import numpy as np
import pytest

from orchestrator.certificate import certificate_file
from orchestrator.certificate.certificates import Certificates
from orchestrator.certificate.takes import MOST_DRAWS, TIMED_PERTURBED
from orchestrator.certificate.timed import judge_timed
from tests.builders.events import losses
from tests.builders.proofs import STEPS, evidence, made, proof

PLAIN = np.array(losses(2))
ROUNDING = 1e-7 * 1.02 ** np.arange(STEPS)  # what it does without a switch
SWITCH = np.where(np.arange(STEPS) >= 12, 2e-4 * 1.03 ** np.arange(STEPS), 0.0)


def timed(framework, values):
    return evidence(framework, precision="FLOAT32", step_losses=values)


def judged(second, *second_moved, first_moved=PLAIN * (1 + ROUNDING), again=True):
    """Of a first side that does not switch, and of a second one; both alike in float64.

    ``second_moved``: its draws. ``again``: True: both repeat exactly; None: they were not
    repeated; otherwise the second one's losses in its repetition.
    """
    sides = []
    for name, values, draws in (
        ("pytorch", PLAIN, [first_moved] * len(second_moved)),
        ("tensorflow", second, second_moved),
    ):
        repeated = again if name == "tensorflow" and isinstance(again, np.ndarray) else values
        trials = {
            "timed": timed(name, values),
            "timed_perturbed": [timed(name, moved) for moved in draws],
            "timed_repeated": None if again is None else timed(name, repeated),
        }
        sides.append(proof(framework=name, **trials))
    return made(*sides)


SWITCHED = PLAIN * (1 + ROUNDING + SWITCH)
NEAR = PLAIN * (1 - ROUNDING)  # on the first side's way


def test_a_trial_that_switches_is_the_same_if_its_perturbed_one_does_not():
    found = judged(SWITCHED, NEAR)
    assert found.same_job, found.sentence
    assert found.timed.switched
    assert "Rounding switches a unit of the model there" in found.sentence


def test_it_is_so_whichever_side_switched():
    near = PLAIN * (1 + 2 * ROUNDING)
    assert judged(NEAR, near, first_moved=SWITCHED, again=None).same_job  # no need of it
    found = judged(SWITCHED, PLAIN * (1 + ROUNDING + 1.01 * SWITCH), first_moved=SWITCHED)
    assert found.same_job, found.sentence
    assert found.timed.switched


def test_a_later_draw_shows_it_where_the_first_does_not():
    unmoved = SWITCHED * (1 + 1e-7)
    first = judged(SWITCHED, unmoved)
    assert not first.same_job
    assert first.undecided == TIMED_PERTURBED
    found = judged(SWITCHED, unmoved, unmoved, NEAR)
    assert found.same_job, found.sentence
    assert found.timed.switched
    assert found.timed.draws == 3
    assert not judged(SWITCHED, *[unmoved] * MOST_DRAWS).same_job


def test_a_switch_counts_only_if_each_side_repeats():
    found = judged(SWITCHED, NEAR, again=None)
    assert not found.same_job
    assert "the effect of rounding alone on TensorFlow's side is not known" in found.sentence
    assert found.undecided == TIMED_PERTURBED
    whim = PLAIN * (1 + 1e-4 * np.sin(np.arange(STEPS) + 1))
    for again in (whim, PLAIN * 1.15):
        found = judged(SWITCHED, NEAR, NEAR, again=again)
        assert not found.same_job
        assert "TensorFlow's side is not deterministic" in found.sentence
        assert found.undecided is None


def test_without_a_switch_nothing_is_said_of_one():
    found = judged(NEAR, PLAIN)
    assert found.same_job
    assert not found.timed.switched
    assert "switches" not in found.sentence


FAULTS = {
    "in the perturbed trial too, as a trainer's fault is": SWITCHED * (1 + 1e-7),
    "its perturbed trial goes a third way": PLAIN * (1 + ROUNDING - 5 * SWITCH),
    "its perturbed trial comes close, but by more than rounding": PLAIN * (1 + 0.1 * SWITCH),
    "its perturbed trial is noise": PLAIN * (1 + 1e-2 * np.sin(np.arange(STEPS) + 1)),
}


@pytest.mark.parametrize("moved", FAULTS.values(), ids=FAULTS)
def test_a_fault_that_looks_like_a_switch_is_refused(moved):
    found = judged(SWITCHED, moved)
    assert not found.same_job
    assert not found.timed.switched


def test_timed_trials_may_differ_by_the_switch_and_by_no_more():
    held = judged(SWITCHED, NEAR).timed
    first = timed("pytorch", PLAIN).trial
    for values, same in (
        (SWITCHED, True),
        (NEAR, True),
        (PLAIN * (1 + ROUNDING + 20 * SWITCH), False),
        (PLAIN * (1 + 1e-3), False),
    ):
        assert judge_timed([first], [timed("tensorflow", values).trial], held).same is same


def test_it_is_kept_in_the_file_and_read_back():
    found = judged(SWITCHED, NEAR)
    written = certificate_file.as_dict(Certificates([found]))
    assert written["timed"]["switched"] is True
    again = certificate_file.read(written, "certificate.json")
    assert again.pairs[0].timed.switched
    del written["timed"]["switched"]  # as an earlier version wrote it
    assert not certificate_file.read(written, "certificate.json").pairs[0].timed.switched
