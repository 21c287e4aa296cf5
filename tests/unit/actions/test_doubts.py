"""Which pairs of timed trials are run again, how, and how often."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from orchestrator.actions import doubts
from orchestrator.certificate.envelope import Envelope
from orchestrator.certificate.takes import MOST_DRAWS, TIMED_STEPS
from orchestrator.certificate.timed.switched import number_of
from tests.builders.events import job, losses, trial

STEPS = 100
PLAIN = np.array(losses(2))[:STEPS]
PARTED = PLAIN * np.where(np.arange(STEPS) < 38, 1.0, 1.001)
OF = {"pytorch": PLAIN, "tensorflow": PARTED}
OWN = np.full(STEPS, 2e-7)
HELD = Envelope("float32", 1.0, OWN, dict.fromkeys(OF, OWN))
NEVER = MOST_DRAWS + 1


def of(side, number, values):
    spec = dataclasses.replace(job(), seed=number % number_of(1, 0), epochs=3)
    return dataclasses.replace(trial(side, number, step_losses=list(values)), spec=spec)


@pytest.fixture
def orders(monkeypatch):
    """Returns what is run, draw by draw, where the pairs numbered ``parted`` part.

    ``settled``: the draw in which one side agrees with the other.
    """

    def run(pairs, parted, settled=NEVER, seed=0):
        values = {n: PARTED if n in parted else PLAIN for n in range(1, pairs + 1)}
        trials = [of("pytorch", number, PLAIN) for number in values]
        trials += [of("tensorflow", number, each) for number, each in values.items()]
        proof = SimpleNamespace(timed=HELD, envelope=None, job=SimpleNamespace(seed=seed))
        done, found = [], []
        monkeypatch.setattr(doubts, "run_again", lambda run: done)
        run, display = SimpleNamespace(trials=lambda: trials), SimpleNamespace(stage=str)
        for order in doubts._orders(run, tuple(OF), proof, display):
            found.append(order)
            agrees = len(found) > settled
            done += [of(p.side, p.number, PLAIN if agrees else OF[p.side]) for p in order]
        return found

    return run


def test_a_pair_in_doubt_is_run_again_as_it_was_and_then_with_other_values(orders):
    found = orders(12, {5}, settled=2)
    placed = [[(each.side, each.number) for each in order] for order in found]
    assert placed == [[(side, number_of(draw, 5)) for side in OF] for draw in (0, 1, 2)]
    for draw, order in enumerate(found):
        for each in order:
            assert (each.spec.seed, each.spec.perturb_initial_weights) == (5, draw)
            assert (each.spec.epochs, each.spec.steps_per_epoch_limit) == (1, TIMED_STEPS)


def test_draws_run_out(orders):
    assert len(orders(12, {5})) == 1 + MOST_DRAWS


@pytest.mark.parametrize(
    ("pairs", "parted", "seed"),
    [
        (12, {5, 7}, 0),  # too many for chance
        (12, set(), 0),
        (12, {5}, 5),  # of the certificate's seed, which has had its draws
    ],
)
def test_what_is_no_doubt_is_not_run_again(orders, pairs, parted, seed):
    assert orders(pairs, parted, seed=seed) == []


def test_of_many_pairs_a_tenth_may_be_in_doubt(orders):
    assert [len(order) for order in orders(20, {3, 9}, settled=1)] == [4, 4]
    assert orders(20, {3, 9, 11}, settled=1) == []
