"""Blocks over a real cluster of Ray: nodes on this machine, each with a raylet of its own."""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections import Counter
from pathlib import Path

import pytest

from orchestrator.storage import blocks, clustering
from tests.builders import swept
from tests.builders.clusters import (
    BOTH,
    COMPARE,
    SWEEP,
    every_block_once,
    running,
    running_in_cells,
    stamps,
    trials_of_cells,
)
from tests.builders.runners import marked
from tests.integration import gates
from tests.waiting import HANG_SECONDS, eventually

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray is not installed"
)
HERE = Path(__file__).parents[2]
RAYS = ("OMP_", "CUDA_", "PYTHONPATH", "RAY_")  # what Ray changes
NODES = ("n1", "n2", "n3", "n4")
# In place of an environment's interpreter. Gates are of a node, which its state's folder names;
# what a runner has in its environment is written to a file.
PYTHON = """#!/bin/sh
shift 2
for word in "$@"; do case "$word" in */twinrun/ray/*) state=$word;; esac; done
node=${{state%/*}}; node=${{node##*/}}
mkdir -p {gates}/$node
env > {gates}/$node/environment
export {variable}={gates}/$node PYTHONPATH={path} {mark}
fake=gated
[ -z "$LC_TWINRUN" ] || fake=of_2_13  # another version
exec {python} -m tests.integration.fake_runner $fake "$@"
"""


class Nodes:
    """A cluster, and environments for the runners of its nodes."""

    def __init__(self, home):
        self.home, self.gates = home, home / "gates"
        self.mark = f"TWINRUN_TEST={uuid.uuid4()}"
        for side in BOTH:
            python = home / f".venv-{side}/bin/python"
            python.parent.mkdir(parents=True)
            python.write_text(
                PYTHON.format(
                    gates=self.gates,
                    variable=gates.VARIABLE,
                    path=os.pathsep.join([str(HERE), str(HERE / "proto")]),
                    mark=self.mark,
                    python=sys.executable,
                )
            )
            python.chmod(0o755)
        self.temporary = tempfile.mkdtemp(prefix="ray")  # Ray's sockets need a short name
        with (home / "ray.log").open("w") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tests.integration.ray_cluster",
                    self.temporary,
                    str(len(NODES)),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={
                    **os.environ,
                    "XDG_STATE_HOME": str(home / "state"),
                    "OMP_NUM_THREADS": "7",  # planted: a runner must not have it
                },
            )
        self.found = json.loads(self.process.stdout.readline())

    @property
    def address(self):
        return self.found["address"]

    def do(self, what, node):
        """Do something with a node, as `ray_cluster` can, and nothing else."""
        self.process.stdin.write(f"{what} {node}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline().strip() == f"{what} {node}"

    def open(self, run, *places):
        """Let the blocks of nodes, or of GPUs of them, end; without a name: of all."""
        for place in places or clustering.plan_of(run).addresses:
            gates.open_(gates_of(self, run, place), "epoch-1")

    def close(self):
        self.process.stdin.close()
        self.process.wait(HANG_SECONDS)
        self.process.stdout.close()
        shutil.rmtree(self.temporary, ignore_errors=True)
        assert eventually(lambda: not marked(self.mark)), "runners were left behind"


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    found = Nodes(tmp_path_factory.mktemp("nodes"))
    yield found
    found.close()


def test_all_nodes_train_one_job(nodes, orchestrator):
    settings = {"TWINRUN_ENVIRONMENTS": str(nodes.home)}
    arguments = (*COMPARE, "--devices=4", f"--over={nodes.address}")
    process = orchestrator.start(*arguments, **settings)
    ready = lambda: len(list(nodes.gates.glob("*/environment"))) == len(NODES)  # noqa: E731
    assert eventually(lambda: process.poll() is not None or ready())
    for folder in nodes.gates.iterdir():
        gates.open_(folder, "epoch-1")
    _, stderr = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 0, stderr
    run = orchestrator.latest()
    found = json.loads((run.path / "runners.json").read_text())
    assert found.keys() == set(BOTH)
    assert all(each["machines"].keys() == set(NODES) for each in found.values())
    assert eventually(lambda: not marked(nodes.mark)), "runners outlive their command"
    for gate in nodes.gates.glob("*/epoch-1"):
        gate.unlink()


def test_a_node_and_then_the_command_is_killed_and_every_block_counts_once(nodes, orchestrator):
    settings = {"TWINRUN_ENVIRONMENTS": str(nodes.home)}
    arguments = ("--repeats=24", "--same-seed", f"--cluster={nodes.address}")
    process = orchestrator.start(*COMPARE, *arguments, **settings)
    assert eventually(lambda: process.poll() is not None or len(running(orchestrator)) == 4)
    assert process.poll() is None, process.communicate()[1]
    run = orchestrator.latest()
    assert running(orchestrator).keys() == set(NODES)
    where = {name: gates_of(nodes, run, name) for name in NODES}
    for name in ("n1", "n2"):
        gates.open_(where[name], "epoch-1")
    nodes.do("kill", "n3")  # in the middle of its block
    assert eventually(lambda: len(run.trials()) == 46), "its block did not run again"
    assert eventually(lambda: [machine for machine, _ in clustering.left(run)] == ["n4"])
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=HANG_SECONDS)
    assert eventually(lambda: not marked(nodes.mark)), "runners outlive their command"
    kept = stamps(run)
    gates.open_(where["n4"], "epoch-1")
    done = orchestrator.run("resume", str(run.path), **settings)
    every_block_once(run, 24)
    assert stamps(run).items() >= kept.items(), "a finished block ran again"
    failed = [each for each in blocks.blocks(run.path) if each.failed and each.block]
    assert {each.machine for each in failed} == {"n3"}
    on = Counter(blocks.machines(run.path).values())
    assert on.keys() <= {"n1", "n2", "n4"}
    for warning in ("MACHINE_FAILED", "MACHINES_SHARED"):
        assert warning in done.stdout
    assert "RUNNER_NICE" not in done.stdout
    for folder in where.values():
        lines = (folder / "environment").read_text().splitlines()
        assert not [line for line in lines if line.startswith(RAYS)]


def gates_of(nodes, run, name):
    """The folder of the gates of a node's runners."""
    addresses = clustering.plan_of(run).addresses[name].values()
    (state,) = {
        file.parents[1].name
        for file in (nodes.home / "state").rglob("address")
        if file.read_text() in addresses
    }
    return nodes.gates / state


def test_ctrl_c_ends_all_runners_and_from_afar_they_have_tls(nodes, orchestrator):
    process = orchestrator.start(
        *(*COMPARE, "--epochs=3", f"--cluster={nodes.address}"),
        module="tests.integration.from_afar",
        TWINRUN_ENVIRONMENTS=str(nodes.home),
    )
    assert eventually(lambda: process.poll() is not None or running(orchestrator))
    secrets = list((nodes.home / "state").rglob("tls"))
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 130, stderr
    run = orchestrator.latest()
    assert f"orchestrator resume runs/{run.path.name}" in stderr
    assert eventually(lambda: not marked(nodes.mark)), "runners outlive their command"
    assert secrets
    assert not any(path for folder in secrets for path in folder.iterdir())
    host = nodes.address.rpartition(":")[0]
    for addresses in clustering.plan_of(run).addresses.values():
        assert {address.rpartition(":")[0] for address in addresses.values()} == {host}


def begun(nodes, orchestrator, *arguments):
    """Begin a command on the cluster, whose gates are closed."""
    for gate in nodes.gates.glob("*/epoch-1"):
        gate.unlink()
    settings = {"TWINRUN_ENVIRONMENTS": str(nodes.home)}
    return orchestrator.start(*arguments, f"--cluster={nodes.address}", **settings)


def await_blocks(process, orchestrator, *places, find=running):
    """Wait until a block runs in each of these places, at least."""
    found = lambda: find(orchestrator).keys() >= set(places)  # noqa: E731
    assert eventually(lambda: process.poll() is not None or found())
    assert process.poll() is None, process.communicate()[1]
    return orchestrator.latest()


def test_each_gpu_runs_blocks_and_those_of_a_machine_count_as_one(nodes, orchestrator):
    """No GPU is here: Ray is told that two nodes have two each."""
    arguments = ("--repeats=8", "--same-seed", "--device=cuda", "--exclusive=gpu")
    process = begun(nodes, orchestrator, *COMPARE, *arguments)
    places = [f"{node}#{gpu}" for node in ("n1", "n2") for gpu in "01"]
    run = await_blocks(process, orchestrator, *places)
    for place in places:
        lines = (gates_of(nodes, run, place) / "environment").read_text().splitlines()
        visible = [line for line in lines if line.startswith(RAYS)]
        assert visible == [f"CUDA_VISIBLE_DEVICES={place[-1]}"]
        assert "TWINRUN_THREADS=1" in lines
    nodes.open(run)
    _, stderr = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 0, stderr
    every_block_once(run, 8)
    assert set(blocks.machines(run.path).values()) == {"n1", "n2"}
    result = json.loads((run.path / "comparison.json").read_text())
    assert result["warnings"][0]["code"] == "GPUS_TOGETHER"
    assert result["verdict"]["machines"] == 2
    assert "--exclusive gpu" in run.page_path.read_text()


def test_a_node_that_joins_runs_blocks_and_one_of_another_kind_is_left_out(nodes, orchestrator):
    process = begun(nodes, orchestrator, *COMPARE, "--repeats=6", "--same-seed")
    run = await_blocks(process, orchestrator, "n1", "n2", "n4")
    nodes.do("add-other", "n6")
    nodes.do("add", "n5")
    await_blocks(process, orchestrator, "n1", "n2", "n4", "n5")
    assert eventually(lambda: any(each.machine == "n6" for each in blocks.blocks(run.path)))
    nodes.open(run)
    _, stderr = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 0, stderr
    every_block_once(run, 6)
    assert "n5" in blocks.machines(run.path).values()
    (left_out,) = [each for each in blocks.blocks(run.path) if each.machine == "n6"]
    assert "'2.13.0+fake' on n6" in left_out.failed
    assert "n5 has come, and runs blocks from now on" in stderr
    assert "n6 has come, and is left out: it is not like the machines" in stderr
    nodes.do("end", "n6")


def test_a_sweep_goes_on_when_a_node_and_then_the_command_is_killed(nodes, orchestrator):
    process = begun(nodes, orchestrator, *SWEEP, "--repeats=4")
    run = await_blocks(process, orchestrator, "n1", "n2", "n4", find=running_in_cells)
    machines = clustering.plan_of(run).addresses.keys()
    waiting = [gates_of(nodes, run, name) for name in machines - {"n1", "n4"}]
    nodes.do("kill", "n4")
    nodes.open(run, "n1")
    most = 2 * (8 - len(waiting))
    assert eventually(lambda: len(trials_of_cells(run)) == most), "its block did not run again"
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=HANG_SECONDS)
    assert eventually(lambda: not marked(nodes.mark)), "runners outlive their command"
    kept = trials_of_cells(run)
    for folder in waiting:
        gates.open_(folder, "epoch-1")
    orchestrator.run("resume", str(run.path), TWINRUN_ENVIRONMENTS=str(nodes.home))
    assert trials_of_cells(run).items() >= kept.items(), "a finished block ran again"
    swept.every_block_once(run, 4)
    failed = [e for cell in swept.cells(run).values() for e in blocks.blocks(cell.path) if e.failed]
    assert {each.machine for each in failed if each.block} == {"n4"}
