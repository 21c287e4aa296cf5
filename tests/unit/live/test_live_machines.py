"""What the live page says of each machine, from the directory of a run."""

import pytest
from google.protobuf import json_format
from twinrun.v1 import job_pb2

from orchestrator.live import runs
from orchestrator.live.machines import machines
from orchestrator.storage import blocks, clustering, store
from orchestrator.storage.blocks import Ran
from orchestrator.storage.clustering import ClusterPlan
from orchestrator.storage.running import making
from tests.builders.events import SPEC
from tests.builders.scripted import BOTH
from tests.builders.stored import create

JOB = json_format.ParseDict(SPEC, job_pb2.JobSpec())


@pytest.fixture
def run(tmp_path):
    """A run over two machines."""
    run = create(tmp_path, sides=BOTH)
    addresses = {"a": {"pytorch": "a:1"}, "b": {"pytorch": "b:1"}}
    clustering.write(
        run,
        ClusterPlan("hosts.toml", addresses, {}, "seed", "a", 2, False, False, False, 60.0),
    )
    return run


def begin(part, number, machine, *sides):
    block = clustering.begin(part, number, machine)
    for side in sides:
        block.write_job(side, number, job_pb2.Job(job_id=side, spec=JOB))


def test_it_says_what_each_machine_does(run):
    begin(run, 3, "b", "pytorch", "tensorflow")
    for ran in (Ran(1, "a"), Ran(2, "a"), Ran(3, "a", "it burns"), Ran(0, "c", "away")):
        blocks.add(run.path, ran)
    assert machines(run) == (
        "a: no block now; 2 blocks have ended, and 1 failed",
        "b: TensorFlow in block 3; 0 blocks have ended",
    )
    blocks.add(run.path, Ran(3, "a"))  # what was counted is not counted again
    assert machines(run)[0].startswith("a: no block now; 3 blocks have ended")


def test_cells_of_a_sweep_are_counted_together(run):
    for number, name in enumerate(("batch_size=16", "batch_size=64"), start=1):
        cell = store.within(run, name, run.about().kind, BOTH, run.spec())
        clustering.write(cell, clustering.plan_of(run))
        blocks.add(cell.path, Ran(1, "a"))
        begin(cell, 2, "ab"[number - 1], "pytorch")
    assert machines(run) == (
        "a: PyTorch in block 2 of batch_size=16; 2 blocks have ended",
        "b: PyTorch in block 2 of batch_size=64; 0 blocks have ended",
    )


def test_the_page_has_them_while_the_run_is_made(run, tmp_path):
    with making(run):
        assert len(runs.live_run(run).machines) == 2
    assert runs.live_run(run).machines == ()
    assert machines(create(tmp_path / "other")) == ()
