"""What runs on a node, without Ray: a runner is a script here."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from twinrun.contract import state_dir

from orchestrator.runners.cluster.ray import node as nodes
from orchestrator.runners.cluster.ray.node import Fault, Node
from tests.waiting import HANG_SECONDS, eventually

RUNNERS = [{"name": "pytorch", "framework": "pytorch", "environment": ".venv-pytorch"}]
SERVES = """#!{python}
import os, sys
state = sys.argv[sys.argv.index("--state-dir") + 1]
with open(state + "/environment", "w") as file:
    file.write("\\n".join(os.environ) + "\\n" + "\\n".join(sys.argv))
with open(state + "/variables", "w") as file:
    file.write("\\n".join("=".join(pair) for pair in os.environ.items()))
for word in sys.argv:
    if word.startswith("--tls-cert="):
        path = word.partition("=")[2]
        with open(path) as given, open(state + "/given", "w") as file:
            file.write(f"{{given.read()}} {{os.stat(path).st_mode & 0o077}}")
with open(state + "/.address", "w") as file:
    file.write("127.0.0.1:1")
os.rename(state + "/.address", state + "/address")
sys.stdin.read()
"""
FAILS = """#!/bin/sh
echo no such thing; exit 3
"""
WAITS = """#!/bin/sh
cat
"""


def environment(folder, script):
    python = folder / ".venv-pytorch/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(script.format(python=sys.executable))
    python.chmod(0o755)
    return str(folder)


@pytest.fixture
def begun(tmp_path, monkeypatch):
    """A node whose Ray was started with some variables."""
    found = []

    def begin(key="0123456789abcdef", parts=0, **variables):
        variables = {"XDG_STATE_HOME": str(tmp_path / "state"), **variables}
        monkeypatch.setattr(nodes, "environment_before", lambda _: variables)
        found.append(Node(key, parts))
        return found[-1]

    yield begin
    for node in found:
        node.stop()


def variables(state):
    return (state / "variables").read_text().splitlines()


def order(environments, **further):
    return {
        "runners": RUNNERS,
        "environments": environments,
        "host": "127.0.0.1",
        "files": {},
        "together": False,
        **further,
    }


def test_a_runner_gets_what_is_on_the_list_and_nothing_that_ray_changed(begun, tmp_path):
    """Planted: variables that Ray, or its user, would hand on."""
    given = {"PATH": os.environ["PATH"], "LC_TIME": "C", "CUDA_VISIBLE_DEVICES": "2"}
    node = begun(**given, OMP_NUM_THREADS="1", PYTHONPATH="/x", RAY_NODE="y", SECRET="z")
    started = node.start(order(environment(tmp_path, SERVES), files={"tls-cert": "a secret"}))
    assert started["addresses"] == {"pytorch": "127.0.0.1:1"}
    assert started["niceness"] == os.getpriority(os.PRIO_PROCESS, 0)
    states = tmp_path / "state/twinrun/ray/0123456789ab"
    found = (states / "pytorch/environment").read_text().splitlines()
    assert {*given, "PYTHONSAFEPATH", "XDG_STATE_HOME"} <= set(found)
    assert not set(found) & {"OMP_NUM_THREADS", "PYTHONPATH", "RAY_NODE", "SECRET"}
    written = states / "tls/tls-cert.pem"
    assert f"--tls-cert={written}" in found
    assert (states / "pytorch/given").read_text() == "a secret 0"
    assert not written.exists(), "it stays if the actor is killed"
    assert "--allow-together" not in found


def test_a_runner_trains_with_those_of_other_nodes_only_if_it_is_told_so(begun, tmp_path):
    begun().start(order(environment(tmp_path, SERVES), together=True))
    (found,) = tmp_path.rglob("pytorch/environment")
    assert "--allow-together" in found.read_text().splitlines()


@pytest.mark.parametrize(("given", "threads"), [({}, "4"), ({"TWINRUN_THREADS": "7"}, "7")])
def test_a_runner_of_a_part_has_the_gpu_that_ray_gave_it_and_its_share_of_cpus(
    begun, tmp_path, monkeypatch, given, threads
):
    """Planted: the node has two GPUs, and Ray gave its second one to this worker."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    node = begun("0123456789abcdef-1", 2, CUDA_VISIBLE_DEVICES="2,3", **given)
    assert node.look()["gpu"] == "3"
    node.start(order(environment(tmp_path, SERVES)))
    state = tmp_path / "state/twinrun/ray/0123456789ab-1/pytorch"
    assert {"CUDA_VISIBLE_DEVICES=3", f"TWINRUN_THREADS={threads}"} <= set(variables(state))


@pytest.mark.parametrize("visible", [None, "", "0,1"])
def test_a_part_of_which_ray_did_not_say_the_gpu_is_not_used(begun, monkeypatch, visible):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert begun("0123456789abcdef-1", 2).look() == {"fault": "no_gpu", "found": visible or ""}
    assert begun().look()["gpu"] == ""


def test_the_environment_is_the_one_in_which_ray_was_started():
    """Planted: the worker has another one."""
    with subprocess.Popen(["sleep", "1000"], env={"CUDA_VISIBLE_DEVICES": "3"}) as raylet:
        wanted = {"CUDA_VISIBLE_DEVICES": "3"}
        assert eventually(lambda: nodes.environment_before(raylet.pid) == wanted)
        raylet.kill()


def test_a_folder_that_the_node_names_goes_before_that_of_the_command(begun, tmp_path):
    folder = environment(tmp_path, SERVES)
    assert "addresses" in begun(TWINRUN_ENVIRONMENTS=folder).start(order("/nowhere"))


def test_missing_environments_and_runners_that_fail_are_told(begun, tmp_path):
    assert begun().start(order("/nowhere")) == {
        "fault": "no_python",
        "paths": ["/nowhere/.venv-pytorch/bin/python"],
    }
    failed = begun().start(order(environment(tmp_path, FAILS)))
    assert failed["fault"] == "ended"
    assert failed["last"] == "no such thing"


def test_a_runner_that_ends_is_told_and_one_that_is_stopped_is_not(begun, tmp_path, monkeypatch):
    monkeypatch.setattr(nodes, "_LOOK_SECONDS", 0.01)
    folder = environment(tmp_path, SERVES)
    node = begun()
    node.start(order(folder))
    node._runners["pytorch"].send_signal(signal.SIGKILL)
    assert node.watch()["code"] == -signal.SIGKILL
    other = begun()
    other.start(order(folder))
    other.stop()
    assert other.watch() == {}
    assert other._runners["pytorch"].poll() is not None


def test_a_node_waits_until_the_runner_of_an_earlier_command_has_ended(tmp_path, monkeypatch):
    """Planted: one that does not end."""
    monkeypatch.setattr(nodes, "_END_SECONDS", 0.01)
    held = state_dir.held(tmp_path / "lock", alone=True)
    with pytest.raises(Fault, match="held"):
        nodes._await_end(tmp_path / "lock")
    os.close(held)
    nodes._await_end(tmp_path / "lock")


@pytest.mark.parametrize("starts", [False, True])
def test_it_ends_with_its_raylet(tmp_path, starts):
    """Planted: the process that started the worker is killed, also while a runner starts."""
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', *sys.argv[1:]], stdout=1)\n"
        "child.wait()"
    )
    worker = (
        "import json, sys\n"
        "from orchestrator.runners.cluster.ray.node import Node\n"
        "node, order = Node('n'), json.loads(sys.argv[1])\n"
        "print(1, flush=True)\n"
        "node.start(order) if order else node.watch()"
    )
    files = {"tls-key": "a secret"}
    given = order(environment(tmp_path, WAITS), files=files) if starts else None
    written = tmp_path / "twinrun/ray/n/tls/tls-key.pem"
    with subprocess.Popen(
        [sys.executable, "-c", code, worker, json.dumps(given)],
        stdout=subprocess.PIPE,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path)},
    ) as raylet:
        assert raylet.stdout.readline() == b"1\n"
        assert not starts or eventually(written.exists)
        raylet.kill()
        assert eventually(lambda: not written.exists()), "a key stays"
        assert raylet.stdout.read() == b"", "the worker ends, and lets go of the pipe"
        raylet.wait(HANG_SECONDS)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc")
def test_rays_cpu_time_is_that_of_rays_processes_alone(begun):
    """Planted: a process of Ray that computes, and another one."""
    busy = "import sys\nwhile True: pass"
    command = [sys.executable, "-c", busy]
    node = begun()
    with (
        subprocess.Popen([*command, "ray::busy"]) as rays,
        subprocess.Popen([*command, "other"]) as other,
    ):
        try:
            assert eventually(lambda: dict(_by_pid()).get(rays.pid, 0) > 0.05)
            assert other.pid not in dict(_by_pid())
            assert node.cores() > 0
        finally:
            rays.kill()
            other.kill()
    assert node.look()["network"].startswith(str(node.look()["machine"]))


def _by_pid():
    return [(pid, seconds) for (pid, _), seconds in nodes.cpu_seconds().items()]
