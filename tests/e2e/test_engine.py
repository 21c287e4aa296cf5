"""What needs the engine itself restarted or set up otherwise.

Only where $TWINRUN_TEST_ENGINE is a command that takes `up` and `down`, and nobody else's engine.
"""

import json
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.containers import (
    SMALL,
    container,
    docker,
    inspect,
    make,
    run,
)
from tests.waiting import HANG_SECONDS, eventually

ENGINE = shlex.split(os.environ.get("TWINRUN_TEST_ENGINE", ""))
CONFIGURATION = Path("/etc/docker/daemon.json")
PID = Path("/var/run/docker.pid")
HERE = Path(__file__).parent
GPU = "GPU 0: Stand-in (UUID: GPU-0)"
# Its CUDA build is another image of some gigabytes, of which nothing is asked here.
ON_GPU = ("GPU=1", "TENSORFLOW=cpu")

pytestmark = pytest.mark.skipif(
    not ENGINE or os.getuid() != 0 or CONFIGURATION.exists(),
    reason="needs TWINRUN_TEST_ENGINE, root, and an engine without a configuration of its own",
)


def restart_engine() -> None:
    process = int(PID.read_text())
    run([*ENGINE, "down"])
    assert eventually(lambda: not Path(f"/proc/{process}").exists())
    # Without the tests' folder of temporary files, which the engine outlives.
    run(["env", "-u", "TMPDIR", *ENGINE, "up"])


def test_an_engine_restarted_in_the_middle_of_a_job_loses_no_finished_one(up, orchestrator):
    orchestrator("train", "-f", "tensorflow", *SMALL)
    before = orchestrator.jobs("tensorflow")
    process, job_id = orchestrator.start_long_job("tensorflow")
    restart_engine()
    _, said = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode in (3, 4)  # lost, or stopped with a word
    assert job_id in said or "The runner was stopped" in said
    assert inspect(container("tensorflow"))["State"]["Status"] == "exited"
    make("up")
    after = orchestrator.jobs("tensorflow")
    assert {name: after[name] for name in before} == before
    assert after[job_id]["state"] in ("JOB_STATE_CANCELLED", "JOB_STATE_FAILED")
    orchestrator("train", "-f", "tensorflow", *SMALL)


@pytest.fixture
def nvidia_smi(tmp_path: Path) -> Path:
    """A stand-in that says that there is a GPU."""
    path = tmp_path / "nvidia-smi"
    path.write_text(f"#!/bin/sh\necho '{GPU}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def recorded(nvidia_smi: Path) -> Iterator[Path]:
    """Where a stand-in for NVIDIA's runtime records what it is asked; the engine knows it."""
    runtime = nvidia_smi.with_name("runtime")
    runtime.write_text(f"#!{sys.executable}\n{(HERE / 'nvidia_runtime.py').read_text()}")
    runtime.chmod(0o755)
    CONFIGURATION.parent.mkdir(exist_ok=True)
    CONFIGURATION.write_text(json.dumps({"runtimes": {"nvidia": {"path": str(runtime)}}}))
    os.kill(int(PID.read_text()), signal.SIGHUP)
    assert eventually(lambda: "nvidia" in docker("info", "--format={{json .Runtimes}}"))
    yield nvidia_smi.with_name("asked.jsonl")
    make("down")
    CONFIGURATION.write_text(json.dumps({"runtimes": {}}))
    os.kill(int(PID.read_text()), signal.SIGHUP)
    assert eventually(lambda: "nvidia" not in docker("info", "--format={{json .Runtimes}}"))
    CONFIGURATION.unlink()


@pytest.mark.parametrize("which", ["0", "GPU-0"])
def test_both_containers_ask_nvidias_runtime_for_the_same_gpu(down, recorded, which):
    said = make("up", *ON_GPU, f"TWINRUN_GPU={which}").stdout
    assert f"GPU: {GPU}" in said
    asked = [json.loads(line) for line in recorded.read_text().splitlines()]
    probe, *runners = asked
    assert "nvidia-smi" in probe["args"]
    assert len(runners) == 2
    for runner in runners:
        assert any("services.server" in each for each in runner["args"])
        assert runner["env"]["NVIDIA_VISIBLE_DEVICES"] == which
        assert runner["env"]["NVIDIA_DRIVER_CAPABILITIES"] == "compute,utility"
    for service in ("pytorch", "tensorflow"):
        assert inspect(container(service))["HostConfig"]["Runtime"] == "nvidia"


def test_gpu_0_leaves_nvidias_runtime_alone(down, recorded):
    make("up-tensorflow", "GPU=0")
    assert not recorded.exists()
    assert inspect(container("tensorflow"))["HostConfig"]["Runtime"] == "runc"


def test_a_gpu_that_does_not_answer_is_told_and_the_cpu_taken(down, recorded, nvidia_smi):
    nvidia_smi.write_text("#!/bin/sh\necho 'No devices were found'\nexit 6\n")
    assert "no GPU answers, so it is the CPU: No devices" in make("up-tensorflow").stdout
    done = make("up-tensorflow", "GPU=1", code=2)
    assert done.stderr.startswith("GPU=1, but no GPU answers in a container: ")


def test_gpu_1_without_nvidias_runtime_is_one_sentence():
    done = make("up", "GPU=1", code=2)
    assert done.stderr.startswith("GPU=1, but this engine has no NVIDIA runtime: install the ")


@pytest.fixture
def cdi(nvidia_smi: Path) -> Iterator[None]:
    """An engine that knows a GPU by CDI, and has no runtime of NVIDIA's."""
    mount = {
        "hostPath": str(nvidia_smi),
        "containerPath": "/usr/bin/nvidia-smi",
        "options": ["bind", "ro"],
    }
    specs = nvidia_smi.parent / "cdi"
    specs.mkdir()
    (specs / "nvidia.json").write_text(
        json.dumps(
            {
                "cdiVersion": "0.5.0",
                "kind": "nvidia.com/gpu",
                "devices": [
                    {
                        "name": "0",
                        "containerEdits": {"mounts": [mount], "env": ["STAND_IN_GPU=0"]},
                    }
                ],
            }
        )
    )
    CONFIGURATION.parent.mkdir(exist_ok=True)
    CONFIGURATION.write_text(json.dumps({"features": {"cdi": True}, "cdi-spec-dirs": [str(specs)]}))
    restart_engine()
    yield
    make("down")
    CONFIGURATION.unlink()
    shutil.rmtree(specs)
    restart_engine()


def test_both_containers_get_the_same_gpu_by_cdi(down, cdi):
    assert f"GPU: {GPU}" in make("up", *ON_GPU).stdout
    for service in ("pytorch", "tensorflow"):
        # The container's own process has the variable; an exec has none of it.
        assert "STAND_IN_GPU=0" in docker(
            "compose", "exec", "-T", service, "cat", "/proc/1/environ"
        )
        assert docker("compose", "exec", "-T", service, "nvidia-smi") == GPU
