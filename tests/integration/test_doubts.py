"""A pair of trials that parts is run again: by rounding it is honest, by a fault it is not."""

import pytest

from orchestrator.actions.doubts import run_again
from orchestrator.storage import sweeping
from tests.builders.commands import SMALL

SWEEP = ("--batch-size=100,200",)
ACCUSED = "The timed trials were not the same job: in pair 2"


@pytest.mark.parametrize(
    ("axes", "other", "code"),
    [(SWEEP, "switches_once", 0), ((), "wrong_once", 6)],
)
def test_a_pair_in_doubt_is_run_again_and_judged(orchestrator, two, axes, other, code):
    _, flags = two("good", tensorflow=other)
    command = "sweep" if axes else "compare"
    done = orchestrator.run(command, *SMALL, *flags, "--repeats=2", *axes, code=code)
    assert (ACCUSED in " ".join(done.stdout.split())) is (code == 6)
    run = orchestrator.latest()
    plan = sweeping.plan_of(run)
    for each in sweeping.cells_of(run, plan).values() if plan else [run]:
        draws = {trial.spec.perturb_initial_weights for trial in run_again(each)}
        assert draws >= {0, 1}, "as it was, and with its values moved"
        assert (len(draws) > 2) is (code == 6), "a fault stays one in every draw"
