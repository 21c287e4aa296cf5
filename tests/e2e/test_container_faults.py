"""What goes wrong with containers, each time on the real engine: what is said, and what is left."""

import contextlib
import uuid
from collections.abc import Iterator

import pytest

from tests.e2e.containers import (
    IMAGES,
    PORTS,
    SMALL,
    container,
    docker,
    inspect,
    listening,
    make,
    run,
)
from tests.waiting import HANG_SECONDS, eventually

# As docs/containers.md gives them for one image alone.
ALONE = (
    *("--read-only", "--tmpfs=/tmp", "--init", "--cap-drop=ALL"),
    *("--security-opt=no-new-privileges", "--pids-limit=2048", "--memory=8g"),
)

TENSORFLOW = (IMAGES["tensorflow"], "tensorflow")


@contextlib.contextmanager
def small_volume() -> Iterator[str]:
    """A volume that is soon full."""
    name = f"twinrun-e2e-{uuid.uuid4().hex[:8]}"
    options = ("--opt=type=tmpfs", "--opt=device=tmpfs", "--opt=o=size=64k,uid=10001")
    docker("volume", "create", "--driver=local", *options, name)
    try:
        yield name
    finally:
        docker("volume", "rm", "--force", name)


@contextlib.contextmanager
def alone(image: str, framework: str, *options: str) -> Iterator[str]:
    """The id of a container of the image, without Compose, on the framework's port."""
    name = f"twinrun-e2e-{uuid.uuid4().hex[:8]}"
    inner = {"pytorch": 50051, "tensorflow": 50052}[framework]
    docker(
        *("run", "--detach", f"--name={name}", "--env=TWINRUN_PUBLISHED=127.0.0.1", *options),
        f"--publish=127.0.0.1:{PORTS[framework]}:{inner}",
        image,
    )
    try:
        yield name
    finally:
        docker("rm", "--force", "--volumes", name)


def healthy(name: str) -> bool:
    return inspect(name)["State"]["Health"]["Status"] == "healthy"


def reason(job) -> str:
    (info,) = [detail for detail in job["error"]["details"] if "reason" in detail]
    return info["reason"]


def test_a_container_killed_in_the_middle_of_a_job(up, orchestrator):
    orchestrator("train", "-f", "pytorch", *SMALL)
    (finished,) = orchestrator.jobs("pytorch")
    process, job_id = orchestrator.start_long_job("pytorch")
    docker("kill", "--signal=KILL", container("pytorch"))
    _, said = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 3
    assert f"disappeared in the middle of the job {job_id}" in said
    assert "Traceback" not in said
    make("up")
    jobs = orchestrator.jobs("pytorch")
    assert jobs[finished]["state"] == "JOB_STATE_SUCCEEDED"
    assert jobs[job_id]["state"] == "JOB_STATE_FAILED"
    assert reason(jobs[job_id]) == "RUNNER_RESTARTED"
    orchestrator("train", "-f", "pytorch", *SMALL)


def test_a_restart_in_the_middle_of_a_job_ends_it_tidily(up, orchestrator):
    process, job_id = orchestrator.start_long_job("tensorflow")
    make("restart")
    process.communicate(timeout=HANG_SECONDS)
    assert process.returncode != 0
    job = orchestrator.jobs("tensorflow")[job_id]
    assert reason(job) == "RUNNER_STOPPED"
    assert "stopping: job" in docker("logs", container("tensorflow"), code=0) or job["error"]


def test_a_port_that_is_taken_is_named_and_once_free_all_is_well(down):
    with listening(PORTS["tensorflow"]):
        done = make("up", code=2)
    assert f"Port {PORTS['tensorflow']} of this machine is taken" in done.stderr
    assert "make up TWINRUN_TENSORFLOW_PORT=" in done.stderr
    make("up")


def test_one_that_cannot_start_is_shown_by_its_last_lines(down):
    done = make("up-tensorflow", "TWINRUN_THREADS=999", code=2)
    assert "tensorflow is not healthy (it exited with code 2). Its last lines:" in done.stderr
    assert "argument --threads: is 999; this runner may use" in done.stderr
    make("up-tensorflow")


@pytest.mark.parametrize("framework", IMAGES)
def test_an_image_runs_alone_with_the_documented_options(down, orchestrator, framework):
    with alone(IMAGES[framework], framework, *ALONE) as name:
        assert eventually(lambda: healthy(name))
        orchestrator("train", "-f", framework, *SMALL)
        docker("stop", f"--time={HANG_SECONDS:.0f}", name)
        assert inspect(name)["State"]["ExitCode"] == 0


def test_a_container_that_may_not_write_its_state_says_so_and_ends(down):
    with alone(*TENSORFLOW, "--volume=/sys:/state:ro") as name:
        assert eventually(lambda: inspect(name)["State"]["Status"] == "exited")
        assert inspect(name)["State"]["ExitCode"] == 3
        assert "/state cannot be used" in docker_logs(name)
        assert "give --state-dir" in docker_logs(name)


def test_a_full_state_volume_refuses_jobs_with_the_reason(down, orchestrator):
    with small_volume() as full, alone(*TENSORFLOW, f"--volume={full}:/state") as name:
        assert eventually(lambda: healthy(name))
        said = orchestrator("train", "-f", "tensorflow", *SMALL, code=2).stderr
        assert "refused: No space is left on the disk that holds /state/jobs" in said
        assert inspect(name)["State"]["Status"] == "running"


def test_a_full_data_volume_ends_the_job_with_the_reason_and_not_the_runner(down, orchestrator):
    with small_volume() as full, alone(*TENSORFLOW, f"--volume={full}:/data") as name:
        assert eventually(lambda: healthy(name))
        mnist = ("--workload=mnist-mlp", "--epochs=1", "--threads=1")
        said = orchestrator("train", "-f", "tensorflow", *mnist, code=4).stderr
        assert "/data" in said
        assert "space" in said
        orchestrator("train", "-f", "tensorflow", *SMALL)


def test_an_image_of_another_version_of_the_protocol_is_refused(down, orchestrator, tmp_path):
    (tmp_path / "Dockerfile").write_text(
        f"FROM {IMAGES['tensorflow']}\nUSER root\n"
        "RUN sed -i 's/^PROTOCOL_VERSION = .*/PROTOCOL_VERSION = 99/' "
        "/opt/twinrun/services/runner/servicer.py\nUSER 10001:10001\n"
    )
    docker("build", "--quiet", "--tag=twinrun-e2e-version", str(tmp_path))
    try:
        with alone("twinrun-e2e-version", "tensorflow") as name:
            assert eventually(lambda: healthy(name))
            said = orchestrator("train", "-f", "tensorflow", *SMALL, code=3).stderr
            assert "speaks version 99 of the protocol" in said
            assert "this orchestrator version 2" in said
    finally:
        docker("rmi", "--force", "twinrun-e2e-version")


def test_without_an_engine_it_is_one_sentence():
    done = make("up", code=2, DOCKER_HOST="unix:///nonexistent.sock")
    sentence, *rest = done.stderr.splitlines()
    assert sentence.startswith("No Docker engine answers: start it ")
    assert "make compare" in sentence
    assert all(line.startswith("make: ***") for line in rest)


def test_without_compose_it_is_one_sentence(tmp_path):
    """The client alone, without its plugins."""
    bare = tmp_path / "docker"
    real = run(["which", "docker"]).stdout.strip()
    bare.write_text(
        f'#!/bin/sh\n[ "$1" = compose ] && {{ echo "docker: \'compose\' is not a docker command." '
        f'>&2; exit 1; }}\nexec {real} "$@"\n'
    )
    bare.chmod(0o755)
    path = run(["sh", "-c", "echo $PATH"]).stdout.strip()
    done = make("up", code=2, PATH=f"{tmp_path}:{path}")
    assert done.stderr.startswith("Docker Compose is not installed: install its plugin, 2.20")


def docker_logs(name: str) -> str:
    done = run(["docker", "logs", name])
    return done.stdout + done.stderr
