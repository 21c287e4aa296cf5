"""A machine of a cluster with a real runner, and the command, are killed in the middle of blocks.

Both sides are one framework's, so that a machine is one runner: JAX's, whose processes start
fastest.
"""

import os
import signal
import socket
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from twinrun.contract.enums import JobState

from orchestrator.storage import blocks, clustering, shelf
from tests.waiting import HANG_SECONDS, eventually

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-jax/bin/python"
COMPARE = (
    *("compare", "--workload=synthetic-mlp", "--train-limit=320", "--epochs=10", "--threads=1"),
    *("--aa=jax", "--no-verify", "--same-seed", "--repeats=2"),
)

pytestmark = pytest.mark.skipif(
    not (ROOT / ".venv-jax/.runner").exists(), reason="make setup FRAMEWORKS=pytorch,tensorflow,jax"
)


@pytest.fixture
def machines(tmp_path):
    """Two runners, by the names of their machines, and the addresses of both."""
    started, addresses = dict[str, subprocess.Popen[bytes]](), dict[str, tuple[str, int]]()
    for name in ("a", "dying"):
        with socket.create_server(("127.0.0.1", 0)) as free:
            addresses[name] = free.getsockname()
        options = [f"--listen=127.0.0.1:{addresses[name][1]}", f"--state-dir={tmp_path / name}"]
        started[name] = subprocess.Popen(
            [PYTHON, "-m", "services.server", "--framework=jax", *options],
            env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
            start_new_session=True,
        )
    try:
        assert eventually(lambda: all(map(answers, addresses.values())))
        yield started, addresses
    finally:
        for runner in started.values():
            runner.terminate()
            runner.wait(HANG_SECONDS)


def answers(address):
    try:
        socket.create_connection(address).close()
    except OSError:
        return False
    return True


def running(output):
    """The machines whose blocks have an epoch."""
    runs = shelf.runs(output)
    found = clustering.left(runs[0]) if runs else []
    return {name for name, block in found if any(trial.epochs for trial in block.trials())}


def test_every_block_counts_once(orchestrator, home, machines):
    started, addresses = machines
    hosts = "".join(
        f'[hosts.{name}]\njax = "{at}:{port}"\n' for name, (at, port) in addresses.items()
    )
    (home / "hosts.toml").write_text(hosts)
    process = orchestrator.start(*COMPARE, "--cluster=hosts.toml")
    assert eventually(lambda: "dying" in running(home / "runs"))
    started["dying"].kill()
    assert eventually(lambda: "a" in running(home / "runs"))
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=HANG_SECONDS)
    (run,) = shelf.runs(home / "runs")
    kept = {path: path.stat().st_ino for path in (run.path / "events").glob("*.jsonl")}

    orchestrator("resume", str(run.path))
    trials = run.trials()
    assert all(path.stat().st_ino == kept[path] for path in kept), "a finished block ran again"
    assert Counter((t.framework, t.number) for t in trials) == Counter(
        (side, number) for side in run.about().sides for number in (1, 2)
    )
    assert {trial.state for trial in trials} == {JobState.SUCCEEDED}
    ended = [each for each in blocks.blocks(run.path) if each.failed is None]
    assert sorted(each.block for each in ended) == [1, 2]
    assert not clustering.left(run)
