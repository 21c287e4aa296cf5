"""Both runners in containers, as `make up` starts them."""

import json
import os
import shutil

import pytest

from tests.e2e.containers import (
    PORTS,
    PROJECT,
    ROOT,
    SMALL,
    container,
    docker,
    inspect,
    left_over,
    make,
    run,
)

pytestmark = pytest.mark.usefixtures("up")
SERVICES = tuple(PORTS)
UID = 10001


def inside(service: str, command: str, code: int | None = 0) -> str:
    return docker("compose", "exec", "-T", service, "sh", "-c", command, code=code)


def test_up_again_changes_nothing_and_says_the_addresses_and_versions():
    before = [container(service) for service in SERVICES]
    said = make("up").stdout
    assert "pytorch     127.0.0.1:50951  pytorch 2." in said
    assert "tensorflow  127.0.0.1:50952  tensorflow 2." in said
    assert [container(service) for service in SERVICES] == before


def test_the_same_job_runs_on_both(orchestrator):
    found = json.loads(orchestrator("compare", "--json", "--no-verify", *SMALL).stdout)
    assert found["inputs"]["same"] is True
    for framework in SERVICES:
        (trial,) = found["frameworks"][framework]["trials"]
        assert len(trial["epochs"]) == 1


def test_env_shows_threads_and_cpus_alike(orchestrator):
    found = json.loads(orchestrator("env", "--json").stdout)
    cpus = json.loads(docker("info", "--format={{json .NCPU}}"))
    for framework in SERVICES:
        assert found[framework]["threads"] == cpus
        assert found[framework]["available_cpus"] == cpus
        assert found[framework]["cpu_set"] == (f"0-{cpus - 1}" if cpus > 1 else "0")


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_has_no_more_rights_than_it_needs(service):
    found = inspect(container(service))
    host = found["HostConfig"]
    assert found["Config"]["User"] == f"{UID}:{UID}"
    assert host["ReadonlyRootfs"] is True
    assert host["Privileged"] is False
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["Init"] is True
    assert host["PidsLimit"] > 0
    assert host["Memory"] == host["MemorySwap"] > 0
    assert host["ShmSize"] >= 2**30
    assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}
    assert [
        binding["HostIp"] for bindings in host["PortBindings"].values() for binding in bindings
    ] == ["127.0.0.1"]
    status = inside(service, "cat /proc/1/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert set(fields["Uid"].split()) == {str(UID)}
    assert int(fields["CapEff"], 16) == int(fields["CapBnd"], 16) == 0
    assert fields["NoNewPrivs"] == "1"


@pytest.mark.parametrize("service", SERVICES)
def test_only_volumes_and_tmp_can_be_written(service):
    for place in ("/data", "/state", "/tmp", "/dev/shm"):
        inside(service, f"touch {place}/x && rm {place}/x")
    for place in ("/", "/opt/venv", "/opt/twinrun", "/etc"):
        assert inside(service, f"touch {place}/x 2>&1 || echo refused", code=None).endswith(
            "refused"
        )


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_no_compiler_no_cache_and_no_tests(service):
    assert not inside(service, "ls -d ~root/.cache /opt/twinrun/tests /build 2>/dev/null || true")
    assert not inside(service, "which gcc g++ cc make || true")
    assert "/twinrun-0." in inside(service, "ls -d /opt/twinrun/*.dist-info")
    # What is imported was compiled when the image was built: the root file system takes no more.
    assert inside(service, "ls /opt/twinrun/services/__pycache__ | grep -c server")


@pytest.mark.parametrize("service", [*SERVICES, "orchestrator"])
def test_an_image_says_what_it_is(service):
    image = docker("compose", "--profile=cli", "config", "--format=json")
    name = json.loads(image)["services"][service]["image"]
    labels = inspect(name)["Config"]["Labels"]
    said = {
        key.removeprefix("org.opencontainers.image."): value
        for key, value in labels.items()
        if key.startswith("org.opencontainers.image.")
    }
    assert said["title"].startswith("Twinrun: ")
    assert said["licenses"] == "Apache-2.0"
    assert f'version = "{said["version"]}"' in (ROOT / "pyproject.toml").read_text()
    assert len(said["revision"]) == 40
    assert said["description"]


def test_data_is_shared_and_jobs_are_not():
    volumes = {
        service: {
            mount["Destination"]: mount["Name"] for mount in inspect(container(service))["Mounts"]
        }
        for service in SERVICES
    }
    assert {found["/data"] for found in volumes.values()} == {f"{PROJECT}_data"}
    assert len({found["/state"] for found in volumes.values()}) == 2


def test_a_restart_loses_no_finished_job(orchestrator):
    orchestrator("train", "-f", "pytorch", *SMALL)
    before = orchestrator.jobs("pytorch")
    assert "JOB_STATE_SUCCEEDED" in {job["state"] for job in before.values()}
    make("restart")
    assert orchestrator.jobs("pytorch") == before


def test_the_orchestrators_container_writes_runs_as_the_owner_of_the_directory(tmp_path):
    """No Python of the host's is in it; nor is code of the directory run."""
    owner = 1234 if os.getuid() == 0 else os.getuid()
    here = tmp_path / "checkout"
    here.mkdir()
    shutil.copy(ROOT / "compose.yaml", here)
    (here / "orchestrator.py").write_text("raise SystemExit('code of the directory was run')")
    if os.getuid() == 0:
        os.chown(here, owner, owner)
    command = ["docker", "compose", "run", "--rm", "-T", "orchestrator"]
    done = run([*command, "compare", "--no-verify", *SMALL], cwd=here)
    assert "Outcome" in done.stdout
    assert "kept in runs/" in done.stderr
    made = [path for path in (here / "runs").rglob("*") if path.is_file()]
    assert any(path.name == "comparison.json" for path in made)
    assert {path.stat().st_uid for path in [here / "runs", *made]} == {owner}


def test_one_service_works_without_the_other(orchestrator, down):
    make("up-tensorflow")
    assert not container("pytorch")
    orchestrator("train", "-f", "tensorflow", *SMALL)
    said = orchestrator("compare", *SMALL, code=3).stderr
    assert "The pytorch runner at 127.0.0.1:50951 does not answer" in said
    assert "make up-pytorch" in said


def test_down_leaves_nothing_behind_and_again_is_fine():
    make("down")
    assert not left_over()
    make("down")
    assert not left_over()
