"""What a sweep has made: its cells, and the trials and blocks of each."""

from collections import Counter

from orchestrator.storage import blocks, clustering, sweeping


def cells(run):
    return sweeping.cells_of(run, sweeping.the_plan(run))


def counts(run):
    """How many trials each block of each cell has."""
    return {
        name: dict(sorted(Counter(trial.number for trial in cell.trials()).items()))
        for name, cell in cells(run).items()
    }


def every_block_once(run, repeats):
    assert counts(run) == {name: dict.fromkeys(range(1, repeats + 1), 2) for name in cells(run)}
    for cell in cells(run).values():
        ended = [each.block for each in blocks.blocks(cell.path) if each.failed is None]
        assert sorted(ended) == list(range(1, repeats + 1))
        assert not clustering.left(cell)
