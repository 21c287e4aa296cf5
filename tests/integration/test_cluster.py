"""Blocks over machines: real runners of fake frameworks, on one machine by different ports."""

import json
import signal
from collections import Counter

import pytest

from orchestrator.storage import blocks, clustering, shelf
from tests.builders.clusters import (
    BOTH,
    COMPARE,
    Cluster,
    active,
    every_block_once,
    running,
    stamps,
)
from tests.builders.runners import runners
from tests.waiting import HANG_SECONDS, eventually


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    home = tmp_path_factory.mktemp("machines")
    with runners(home) as start:
        found = Cluster(start, home)
        found.add("a")
        found.add("b")
        found.add("gated", "gated")
        yield found


@pytest.fixture
def cluster(machines):
    machines.close()
    return machines


def test_blocks_run_on_all_machines_and_the_report_has_each(cluster, orchestrator):
    arguments = (*COMPARE, "--repeats=6", cluster.file("a", "b"))
    done = orchestrator.run(*arguments, TWINRUN_PYTORCH="nowhere:1")  # of other commands
    run = orchestrator.latest()
    every_block_once(run, 6)
    on = Counter(blocks.machines(run.path).values())
    assert on.keys() == {"a", "b"}
    found = json.loads((run.path / "comparison.json").read_text())
    assert found["machines"]["blocks"] == dict(sorted(on.items()))
    assert found["verdict"]["machines"] == 2
    assert found["verdict"]["low"] is not None
    for text in (done.stdout, run.page_path.read_text()):
        assert "Machine by machine" in text
        assert "2 machines of the same versions" in text
    assert "--cluster hosts.toml" in run.page_path.read_text()
    log = run.log_path.read_text()
    assert {line.partition(":")[0] for line in log.splitlines()} == {"a", "b"}


def test_one_machine_says_that_it_is_one_and_one_that_is_away_is_named(cluster, orchestrator):
    away = {"pytorch": "127.0.0.1:1", "tensorflow": "127.0.0.1:2"}
    done = orchestrator.run(*COMPARE, "--repeats=1", cluster.file("a", away=away))
    every_block_once(orchestrator.latest(), 1)
    assert "away cannot be reached, and is left out" in done.stderr
    assert "All blocks ran on one machine, a" in done.stdout
    assert "MACHINE_FAILED" in done.stdout


def test_unlike_machines_are_refused_before_anything_runs(cluster, orchestrator, start):
    other = {
        "pytorch": start("of_2_13").address,
        "tensorflow": cluster.machines["b"]["tensorflow"].address,
    }
    refused = orchestrator.run(*COMPARE, cluster.file("a", other=other), code=2)
    assert "not alike" in refused.stderr
    assert "pytorch: framework_version: '0.0-fake' on a; '2.13.0+fake' on other" in refused.stderr
    assert not shelf.runs(orchestrator.output)


def test_a_machine_and_then_the_command_is_killed_and_every_block_counts_once(
    cluster, orchestrator, start
):
    dying = {side: start("gated", framework=side, name=f"dying-{side}") for side in BOTH}
    addresses = {side: runner.address for side, runner in dying.items()}
    arguments = ("--repeats=4", "--same-seed", cluster.file("a", "gated", dying=addresses))
    process = orchestrator.start(*COMPARE, *arguments)
    assert eventually(lambda: running(orchestrator).keys() >= {"gated", "dying"})
    run = orchestrator.latest()
    for runner in dying.values():  # in the middle of its block
        runner.stop(signal.SIGKILL)
    assert eventually(lambda: len(run.trials()) == 6), "its block did not run again"
    assert eventually(lambda: [machine for machine, _ in clustering.left(run)] == ["gated"])
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=HANG_SECONDS)
    kept = stamps(run)
    assert len(kept) == 6
    cluster.open()
    done = orchestrator.run("resume", str(run.path))
    every_block_once(run, 4)
    assert stamps(run).items() >= kept.items(), "a finished block ran again"
    assert "dying cannot be reached, and is left out" in done.stderr
    assert "MACHINE_FAILED" in done.stdout
    (failed,) = [each for each in blocks.blocks(run.path) if each.failed and each.block]
    assert failed.machine == "dying"
    assert "dying" not in blocks.machines(run.path).values()


def test_ctrl_c_cancels_on_all_machines_and_keeps_what_is_finished(cluster, orchestrator):
    arguments = ("--repeats=3", "--same-seed", cluster.file("a", "gated"))
    process = orchestrator.start(*COMPARE, *arguments)
    assert eventually(lambda: "gated" in running(orchestrator))
    run = orchestrator.latest()
    assert eventually(lambda: len(run.trials()) == 4)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 130, stderr
    assert f"orchestrator resume runs/{run.path.name}" in stderr
    assert not clustering.left(run)
    for runner in cluster.machines["gated"].values():
        assert eventually(lambda runner=runner: not active(runner)), "a job goes on"
    assert len(stamps(run)) == 4
