"""Whatever is killed at whatever moment: nothing that was finished is lost, and it is judged.

TWINRUN_KILLS says how often: each of child, runner, orchestrator and renderer by turns.
"""

import os
import random
import sys
from collections import Counter

import pytest

from orchestrator.storage import store
from tests.integration.kills import TARGETS, Killing, comparison, finished

KILLS = int(os.environ.get("TWINRUN_KILLS", "8"))
# Where the killed one was not needed any more, or another took its place, the command succeeds.
CODES = {"child": {0, 4}, "runner": {0, 3}, "orchestrator": {0, -9}, "renderer": {0}}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")


@pytest.mark.parametrize("number", range(KILLS))
def test_a_kill_loses_nothing_that_was_finished(tmp_path, number, record_property):
    target = TARGETS[number % len(TARGETS)]
    killing = Killing(tmp_path, target, random.Random(number))
    killing.run()
    assert killing.code in CODES[target], killing.stderr
    assert "Traceback" not in killing.stderr
    run = killing.ran
    done = len(finished(run)) if run else 0
    record_property("kill", f"{target}: {killing.killed}, code {killing.code}, {done} finished")
    if target == "orchestrator" and killing.code and run is not None and run.count_trials():
        killing.ask("report", str(run.path))
    if run is None or not run.count_trials():
        assert killing.code != 0, "there was nothing to keep"
    else:
        check(run)
    killing.ask("jobs")  # by runners that are started anew, and sweep
    assert killing.partials == [] or target == "orchestrator"


def check(run: store.Run) -> None:
    """All that was finished is written and judged."""
    found, done = comparison(run), finished(run)
    told = {
        f"{side}-{trial['number']}": trial["state"]
        for side, of in found["frameworks"].items()
        for trial in of["trials"]
    }
    assert told.keys() == {trial.name for trial in run.trials()}
    for trial in done:
        assert told[trial.name] == "succeeded"
        assert len(trial.epochs) == 2
    pairs = [n for n, sides in Counter(trial.number for trial in done).items() if sides == 2]
    assert (found["verdict"] or {}).get("pairs", 0) == len(pairs)
    last = max((trial.number for trial in run.trials()), default=0)
    for trial in done:
        if trial.number < last:  # of the last its runner may have been killed before it was fetched
            assert run.weights(trial.framework, trial.number)
            assert run.logits(trial.framework, trial.number)
    assert run.page_path.exists()
    assert (run.path / "figures/overview.png").exists() == any(t.epochs for t in run.trials())
