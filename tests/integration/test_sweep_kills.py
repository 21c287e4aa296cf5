"""A sweep killed at any moment goes on: with every cell, with no block twice, with none lost.

TWINRUN_SWEEP_KILLS says how many sweeps are killed.
"""

import os
import random
import signal
import subprocess
import sys
from collections import Counter

import pytest
from twinrun.contract.enums import JobState

from orchestrator.storage import shelf, sweeping
from tests.builders.scripted import BOTH
from tests.builders.sweeping import GRID, REPEATS
from tests.waiting import HANG_SECONDS

NAMES = [cell.name for cell in GRID.cells]
# All that the command writes in 12 cells of a block of 2 trials, roughly.
MOMENTS = 600
SEEDS = int(os.environ.get("TWINRUN_SWEEP_KILLS", "1"))


def go(home, moment):
    """The command to its end, or to that moment; how it ended."""
    command = [sys.executable, "-m", "tests.builders.sweeping", str(home), str(moment)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=HANG_SECONDS, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode


def blocks(run):
    """The bytes of each trial of blocks that have ended, and when they were written."""
    plan = sweeping.plan_of(run)
    found = {}
    for name, cell in sweeping.cells_of(run, plan).items() if plan else ():
        for number in sweeping.ended(cell, BOTH):
            for side in BOTH:
                path = cell.path / "events" / f"{side}-{number}.jsonl"
                found[name, side, number] = path.read_bytes(), path.stat().st_mtime_ns
    return found


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_sweep_of_12_cells_killed_twice_ends_with_every_cell_and_no_block_twice(tmp_path, seed):
    chance = random.Random(seed)
    kept = {}
    for moment in (chance.randrange(40, MOMENTS // 2), chance.randrange(40, MOMENTS // 2)):
        assert go(tmp_path, moment) == -signal.SIGKILL
        (run,) = shelf.runs(tmp_path)
        after = blocks(run)
        assert after.items() >= kept.items(), "a block that had ended was run again, or lost"
        kept = after
    assert 0 < len(kept) < 2 * REPEATS * len(NAMES), "the kills were not in the middle"
    assert go(tmp_path, 0) == 0
    (run,) = shelf.runs(tmp_path)
    assert blocks(run).items() >= kept.items()
    result = run.result("sweep")
    assert [cell["name"] for cell in result["cells"]] == NAMES
    cells = sweeping.cells_of(run, sweeping.plan_of(run))
    assert list(cells) == NAMES
    for cell in cells.values():
        trials = cell.trials()
        assert Counter((t.framework, t.number) for t in trials) == Counter(
            (side, number) for side in BOTH for number in range(1, REPEATS + 1)
        )
        assert {trial.state for trial in trials} == {JobState.SUCCEEDED}
    assert {cell["ratios"][0]["pairs"] for cell in result["cells"]} == {REPEATS}
