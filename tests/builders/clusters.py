"""Comparisons over machines by the command: how they are asked, and what must be true of a run."""

import json
from collections import Counter

from twinrun.contract.enums import JobState

from orchestrator.storage import blocks, clustering, shelf
from tests.builders.commands import SMALL

BOTH = ("pytorch", "tensorflow")
COMPARE = ("compare", *SMALL, "--epochs=2", "--no-verify")


def every_block_once(run, count):
    """Each block's trials are there once, succeeded, and have a machine; no part is left."""
    assert Counter((t.framework, t.number) for t in run.trials()) == Counter(
        (side, number) for side in BOTH for number in range(1, count + 1)
    )
    assert {trial.state for trial in run.trials()} == {JobState.SUCCEEDED}
    ended = [each.block for each in blocks.blocks(run.path) if each.failed is None]
    assert sorted(ended) == list(range(1, count + 1)), "a block was counted twice, or not at all"
    assert not clustering.left(run)
    assert json.loads((run.path / "comparison.json").read_text())["verdict"]["pairs"] == count


def running(orchestrator):
    """The blocks that run, each with its machine, if they have an epoch."""
    if not shelf.runs(orchestrator.output):
        return {}
    found = clustering.left(orchestrator.latest())
    return {m: block for m, block in found if any(trial.epochs for trial in block.trials())}


def stamps(run):
    """What changes if a trial runs again."""
    paths = (run.path / "events").glob("*.jsonl")
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}
