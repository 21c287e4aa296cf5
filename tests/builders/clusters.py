"""Comparisons over machines by the command: how they are asked, and what must be true of a run."""

import json
from collections import Counter

from twinrun.contract.enums import JobState
from twinrun.v1 import runner_service_pb2

from orchestrator.storage import blocks, clustering, shelf, sweeping
from tests.builders.commands import SMALL
from tests.builders.runners import ENDED
from tests.builders.swept import cells

BOTH = ("pytorch", "tensorflow")
COMPARE = ("compare", *SMALL, "--epochs=2", "--no-verify")

SWEEP = (
    *("sweep", "--workload=synthetic-mlp", "--threads=1", "--train-limit=1000", "--epochs=2"),
    *("--batch-size=100,200", "--no-verify", "--same-seed"),
)


class Cluster:
    """Machines with a runner for each framework, and the file that names them."""

    def __init__(self, start, home):
        self.start, self.home = start, home
        self.machines = {}

    def add(self, name, fake="clocked"):
        self.machines[name] = {
            side: self.start(fake, framework=side, name=f"{name}-{side}") for side in BOTH
        }

    def file(self, *names, **further):
        """Write the file of these machines, or of all; ``further``: addresses of others."""
        found = {name: self.machines[name] for name in names or self.machines}
        addresses = {
            name: {side: runner.address for side, runner in sides.items()}
            for name, sides in found.items()
        } | further
        file = self.home / "hosts.toml"
        lines = []
        for name, sides in addresses.items():
            lines += [f"[hosts.{name}]", *(f'{side} = "{at}"' for side, at in sides.items())]
        file.write_text("\n".join(lines))
        return f"--cluster={file}"

    def open(self):
        """Let blocks of the machine "gated" end."""
        for runner in self.machines["gated"].values():
            runner.open("epoch-1")

    def close(self):
        for runner in self.machines["gated"].values():
            (runner.gates_dir / "epoch-1").unlink(missing_ok=True)


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


def running_in_cells(orchestrator):
    """The blocks that run in cells and have an epoch: the jobs of each, by machine."""
    if not shelf.runs(orchestrator.output):
        return {}
    run = orchestrator.latest()
    if sweeping.plan_of(run) is None:
        return {}
    found = [each for cell in cells(run).values() for each in clustering.left(cell)]
    return {
        machine: clustering.jobs_of(block)
        for machine, block in found
        if any(trial.epochs for trial in block.trials())
    }


def trials_of_cells(run):
    """How many trials the cells have, and what changes if one runs again."""
    return {
        (name, file): stamp
        for name, cell in cells(run).items()
        for file, stamp in stamps(cell).items()
    }


def stamps(run):
    """What changes if a trial runs again."""
    paths = (run.path / "events").glob("*.jsonl")
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}


def active(runner):
    """Its jobs that have not ended."""
    jobs = runner.stub.ListJobs(runner_service_pb2.ListJobsRequest()).jobs
    return [job.job_id for job in jobs if job.state not in ENDED]
