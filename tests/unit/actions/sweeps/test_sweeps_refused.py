"""Cells that machines cannot run, in sweeps over machines of scripted runners."""

import threading

import pytest

from orchestrator.errors import CannotRun
from orchestrator.language.phrases import stored
from orchestrator.settings.grid import Grid
from orchestrator.storage import blocks
from tests.builders.over import swept_over
from tests.builders.sweeping import Client
from tests.builders.swept import cells, counts, every_block_once
from tests.waiting import HANG_SECONDS


@pytest.mark.parametrize("able", [(), ("b",)])
def test_a_cell_ends_once_no_machine_can_run_it_and_the_others_go_on(tmp_path, machines, able):
    class Lacking(Client):
        def watch(self, job_id, after=0):
            if self.jobs[job_id].batch_size == 64:
                raise CannotRun(stored("no data"))
            return super().watch(job_id, after)

    clients = {
        name: Client("pytorch") if name in able else Lacking("pytorch") for name in ("a", "b", "c")
    }
    outcome = swept_over(tmp_path / "runs", machines(**clients), repeats=4)
    assert outcome.ended is None
    done, whole = counts(outcome.run), dict.fromkeys(range(1, 5), 2)
    assert done["batch_size=16"] == done["batch_size=256"] == whole
    if able:
        assert done["batch_size=64"] == whole
        assert not outcome.faults
    else:
        assert "batch_size=64: no data" in outcome.faults


def test_a_machine_that_can_run_nothing_says_so_once(tmp_path, machines):
    """The other one does not go on until it has refused three blocks."""
    refused = threading.Semaphore(0)

    class Lacking(Client):
        def watch(self, job_id, after=0):
            refused.release()
            raise CannotRun(stored("no data"))

    class Other(Client):
        def watch(self, job_id, after=0):
            if len(self.trained) == 1:
                assert all(refused.acquire(timeout=HANG_SECONDS) for _ in range(3))
            yield from super().watch(job_id, after)

    said, one = [], Grid({"batch_size": [16]}, {})
    clients = {"a": Lacking("pytorch"), "b": Other("pytorch")}
    outcome = swept_over(tmp_path / "runs", machines(**clients), one, said=said, repeats=4)
    every_block_once(outcome.run, 4)
    (cell,) = cells(outcome.run).values()
    assert len([each for each in blocks.blocks(cell.path) if each.failed]) >= 3
    (line,) = [text for text in said if "no data" in text]
    assert line.startswith("a failed in block")
