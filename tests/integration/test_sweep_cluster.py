"""A sweep over machines: real runners of fake frameworks, on one machine by different ports."""

import signal
from collections import Counter

import pytest
from twinrun.contract.enums import JobState

from orchestrator.storage import blocks, clustering, shelf
from tests.builders.clusters import (
    BOTH,
    SWEEP,
    Cluster,
    active,
    running_in_cells,
    trials_of_cells,
)
from tests.builders.runners import runners
from tests.builders.swept import cells
from tests.waiting import HANG_SECONDS, eventually


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    home = tmp_path_factory.mktemp("machines")
    with runners(home) as start:
        found = Cluster(start, home)
        found.add("a")
        found.add("gated", "gated")
        yield found


def test_a_machine_and_the_command_are_killed_and_every_block_of_every_cell_counts_once(
    cluster, orchestrator, start
):
    dying = {side: start("gated", framework=side, name=f"dying-{side}") for side in BOTH}
    addresses = {side: runner.address for side, runner in dying.items()}
    process = orchestrator.start(*SWEEP, "--repeats=3", cluster.file("a", "gated", dying=addresses))
    assert eventually(lambda: running_in_cells(orchestrator).keys() >= {"gated", "dying"})
    run = orchestrator.latest()
    for runner in dying.values():  # in the middle of its block
        runner.stop(signal.SIGKILL)
    assert eventually(lambda: len(trials_of_cells(run)) == 10), "its block did not run again"
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=HANG_SECONDS)
    kept, half = trials_of_cells(run), running_in_cells(orchestrator)
    assert half.keys() == {"gated"}

    alone = cluster.file("gated")
    process = orchestrator.start("resume", str(run.path), alone)
    assert eventually(lambda: (now := running_in_cells(orchestrator)) and now != half)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 130, stderr
    assert "to go on with it: orchestrator resume" in stderr
    for runner in cluster.machines["gated"].values():
        assert eventually(lambda runner=runner: not active(runner)), "a job goes on"
    assert trials_of_cells(run) == kept

    cluster.open()
    orchestrator.run("resume", str(run.path))  # the file that was named last
    assert trials_of_cells(run).items() >= kept.items(), "a finished block ran again"
    for cell in cells(run).values():
        found = cell.trials()
        assert Counter((t.framework, t.number) for t in found) == Counter(
            (side, number) for side in BOTH for number in (1, 2, 3)
        )
        assert {trial.state for trial in found} == {JobState.SUCCEEDED}
        ended = [each.block for each in blocks.blocks(cell.path) if each.failed is None]
        assert sorted(ended) == [1, 2, 3], "a block was counted twice, or not at all"
        assert not clustering.left(cell)
    failed = [e for c in cells(run).values() for e in blocks.blocks(c.path) if e.failed and e.block]
    assert {each.machine for each in failed} == {"dying"}
    assert "--cluster hosts.toml" in run.page_path.read_text()


def test_what_does_not_fit_a_cluster_is_refused_before_anything_runs(cluster, orchestrator, start):
    other = {
        "pytorch": start("of_2_13").address,
        "tensorflow": cluster.machines["gated"]["tensorflow"].address,
    }
    unlike = cluster.file("a", other=other)
    refused = orchestrator.run(*SWEEP, unlike, TWINRUN_PYTORCH="nowhere:1", code=2)
    assert "pytorch: framework_version: '0.0-fake' on a; '2.13.0+fake' on other" in refused.stderr
    refused = orchestrator.run(*SWEEP, unlike, "--pytorch=here:1", "--local", code=2)
    assert "leave out --pytorch, --local" in refused.stderr
    assert not shelf.runs(orchestrator.output)
