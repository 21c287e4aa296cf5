"""`make up` against a stand-in for the engine's client: what it checks, chooses and says."""

import json
import os
import re
import subprocess

import pytest

from docker.containers import count, flags_for
from docker.engine import Fault
from services.frameworks import own
from tests.builders.engine import ENGINE, ROOT, Engine


@pytest.fixture
def engine(tmp_path):
    return Engine(tmp_path)


def sentence(said: str) -> bool:
    return said.count("\n") == 1 and said.endswith("\n")


def test_both_are_built_started_and_named_with_their_addresses(engine):
    said = engine.up()
    assert "pytorch     127.0.0.1:50051  a framework 1.2" in said
    words, _ = engine.call("up")
    assert words[-2:] == ["pytorch", "tensorflow"]


def test_one_alone_leaves_the_other_out(engine):
    said = engine.up("up", "tensorflow")
    assert "pytorch " not in said
    assert all("pytorch" not in words for words, _ in engine.calls)


def test_jax_is_there_only_where_it_is_asked_for(engine):
    said = engine.up("up", "jax", answers={"compose port": (0, "127.0.0.1:50053", "")})
    assert "jax         127.0.0.1:50053  a framework 1.2" in said
    words, _ = engine.call("up")
    assert words[-1] == "jax"
    assert "pytorch" not in words


@pytest.mark.parametrize(
    ("settings", "started"),
    [({}, ["pytorch", "tensorflow"]), ({"FRAMEWORKS": "tensorflow,jax"}, ["tensorflow", "jax"])],
)
def test_make_up_starts_the_frameworks_of_make_setup(settings, started):
    kept = {
        name: value
        for name, value in os.environ.items()
        if name != "FRAMEWORKS" and not name.startswith("MAKE")  # of a make around the tests
    }
    done = subprocess.run(
        ["make", "--dry-run", "up"],
        cwd=ROOT,
        env=kept | settings,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split()[-len(started) - 1 :] == ["up", *started]


@pytest.mark.parametrize(
    ("address", "flags"),
    [
        ("127.0.0.1:50053", ""),
        ("127.0.0.1:6000", "not its usual port: orchestrator compare --jax 127.0.0.1:6000"),
        ("0.0.0.0:6000", "from other machines: orchestrator compare --jax NAME:6000 --tls jax=DIR"),
    ],
)
def test_an_address_comes_with_the_flags_that_lead_to_it(address, flags):
    assert flags_for("jax", address) == flags


def test_an_address_that_the_orchestrator_would_not_look_at_comes_with_its_flag(engine):
    said = engine.up("up", "pytorch", answers={"compose port": (0, "127.0.0.1:6000", "")})
    assert "orchestrator compare --pytorch 127.0.0.1:6000" in said


@pytest.mark.parametrize(
    ("settings", "cpus", "threads"),
    [
        ({}, "0-3", "4"),
        ({"TWINRUN_CPUSET": "0,2"}, "0,2", "2"),
        ({"TWINRUN_CPUSET": "0-1", "TWINRUN_THREADS": "1"}, "0-1", "1"),
        ({"TWINRUN_THREADS": "3"}, "0-3", "3"),
    ],
)
def test_cpus_and_threads_are_the_engines_unless_given(engine, settings, cpus, threads):
    engine.up(**settings)
    _, set_ = engine.call("up")
    assert (set_["TWINRUN_CPUSET"], set_["TWINRUN_THREADS"]) == (cpus, threads)


@pytest.mark.parametrize("text", ["", "a", "3-1", "1-2-3", "0-", "-1", "0,,1"])
def test_what_is_no_set_of_cpus_is_refused(text):
    with pytest.raises(Fault, match="give CPUs such as 0-3,8"):
        count(text)


@pytest.mark.parametrize(("text", "cpus"), [("0", 1), ("0-3", 4), ("0-1,8,10-11", 5)])
def test_cpus_of_a_set_are_counted(text, cpus):
    assert count(text) == cpus


def test_without_docker_it_says_what_to_install_or_to_do_instead(engine):
    engine.remove()
    said = engine.up(code=1)
    assert sentence(said)
    assert "Docker is not installed: install Docker Engine 25 or later" in said
    assert "make compare" in said


@pytest.mark.parametrize(
    ("answers", "wrong", "remedy"),
    [
        (
            {"version": (1, "", "Cannot connect to the Docker daemon at unix:///x.")},
            "No Docker engine answers",
            "sudo systemctl start docker",
        ),
        (
            {"version": (1, "", "permission denied while trying to connect")},
            "You may not use Docker",
            "sudo usermod -aG docker",
        ),
        ({"version": (0, "20.10.24", "")}, "Engine 20.10.24 is too old", "install 25 or later"),
        (
            {"compose version": (1, "", "docker: 'compose' is not a docker command.")},
            "Docker Compose is not installed",
            "install its plugin, 2.20 or later",
        ),
        (
            {"compose version": (0, "1.29.2\n", "")},
            "Docker Compose 1.29.2 is too old",
            "install 2.20 or later",
        ),
        ({"compose version": (0, "v2.19.0", "")}, "v2.19.0 is too old", "install 2.20 or later"),
    ],
)
def test_what_is_missing_or_too_old_is_one_sentence_with_the_remedy(engine, answers, wrong, remedy):
    said = engine.up(answers=answers, code=1)
    assert sentence(said)
    assert wrong in said
    assert remedy in said
    assert "make compare" in said


@pytest.mark.parametrize("version", ["v2.20.0", "2.26.1-4", "5.0.0", "dev"])
def test_what_is_new_enough_goes_on(engine, version):
    engine.up(answers={"compose version": (0, version, "")})


def test_a_port_that_is_taken_is_named_with_the_variable_that_moves_it(engine):
    taken = "Bind for 127.0.0.1:50052 failed: port is already allocated"
    said = engine.up(answers={"compose up": (1, "", f"Error: driver failed: {taken}\n")}, code=1)
    assert sentence(said)
    assert "Port 50052 of this machine is taken" in said
    assert "make up TWINRUN_TENSORFLOW_PORT=51052" in said


def test_another_fault_of_the_start_is_passed_on(engine):
    said = engine.up(answers={"compose up": (1, "", "first\nno space left on device\n")}, code=1)
    assert said == "The containers could not be started: no space left on device\n"


def test_a_build_that_fails_starts_nothing(engine):
    assert "could not be built" in engine.up(answers={"compose build": (1, "", "")}, code=1)
    assert not any("up" in words for words, _ in engine.calls)


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (
            {"Status": "exited", "ExitCode": 3, "Health": {"Status": "starting", "Log": []}},
            "it exited with code 3",
        ),
        (
            {
                "Status": "running",
                "Health": {"Status": "starting", "Log": [{"Output": "failed: no torch\n"}]},
            },
            "failed: no torch",
        ),
        ({"Status": "running", "Health": {"Status": "unhealthy", "Log": []}}, r"not within \d+ s"),
    ],
)
def test_one_that_will_not_be_healthy_is_shown_by_its_last_lines(engine, state, why):
    answers = {"inspect": (0, json.dumps(state), ""), "logs": (0, "", "its last line\n")}
    said = engine.up(answers=answers, code=1)
    wanted = rf"pytorch is not healthy \({why}\)\. Its last lines:\nits last line\n"
    assert re.fullmatch(wanted, said)  # how many seconds it took is the machine's


def test_those_that_are_there_are_restarted(engine):
    engine.up("restart", answers={"compose restart": (0, "", ""), "compose ps": (0, "cid", "")})
    words, _ = engine.call("restart")
    assert words[-len(own()) :] == list(own())


def test_restart_of_what_is_not_there_says_so(engine):
    answers = {"compose restart": (0, "", ""), "compose ps": (0, "", "")}
    assert engine.up("restart", answers=answers, code=1) == (
        "pytorch has no container: 'make up' makes it.\n"
    )


def test_images_builds_the_orchestrators_too_and_starts_nothing(engine):
    engine.up("images")
    words, _ = engine.call("build")
    assert words[-3:] == ["pytorch", "tensorflow", "orchestrator"]
    assert not any("up" in words for words, _ in engine.calls)


NVIDIA = {"info": (0, json.dumps(ENGINE | {"Runtimes": {"runc": {}, "nvidia": {}}}), "")}
CDI = {"info": (0, json.dumps(ENGINE | {"CDISpecDirs": ["/etc/cdi"]}), "")}
GPU_ANSWERS = {"run": (0, "GPU 0: A (UUID: GPU-1)\n", "")}
NO_GPU = {"run": (125, "", "could not select device driver\n")}


@pytest.mark.parametrize(
    ("answers", "settings", "overlay"),
    [
        (NVIDIA | GPU_ANSWERS, {}, "build/compose.gpu.json"),
        (NVIDIA | GPU_ANSWERS, {"GPU": "1"}, "build/compose.gpu.json"),
        (NVIDIA | GPU_ANSWERS, {"GPU": "0"}, None),
        (NVIDIA | NO_GPU, {}, None),
        (CDI | GPU_ANSWERS, {}, "build/compose.cdi.json"),
        (CDI | NO_GPU, {}, None),
        (GPU_ANSWERS, {}, None),
    ],
)
def test_a_gpu_is_used_where_the_engine_has_a_way_to_it_and_it_answers(
    engine, answers, settings, overlay
):
    engine.up(answers=answers, **settings)
    words, _ = engine.call("up")
    overlays = [word for word in words if word.startswith("build/")]
    assert overlays == ([overlay] if overlay else [])
    for each in overlays:
        laid = json.loads((ROOT / each).read_text())["services"]
        assert list(laid) == list(own())
        assert all("${TWINRUN_GPU:-0}" in json.dumps(runner) for runner in laid.values())


def test_on_a_gpu_the_builds_are_those_with_cuda_unless_others_are_asked_for(engine):
    engine.up(answers=NVIDIA | GPU_ANSWERS, TENSORFLOW="cpu")
    _, found = engine.call("build")
    assert (found["TENSORFLOW"], found["JAX"]) == ("cpu", "cuda")


def test_without_a_gpu_nobody_asks_for_other_builds(engine):
    engine.up()
    _, found = engine.call("build")
    assert not {"TENSORFLOW", "JAX"} & found.keys()


def test_which_gpu_is_asked_for_can_be_chosen(engine):
    engine.up(answers=NVIDIA | GPU_ANSWERS, TWINRUN_GPU="GPU-1")
    words, _ = engine.call("run")
    assert "NVIDIA_VISIBLE_DEVICES=GPU-1" in words


def test_a_gpu_that_does_not_answer_is_told_and_done_without(engine):
    said = engine.up(answers=NVIDIA | NO_GPU)
    assert "no GPU answers, so it is the CPU: could not select device driver" in said


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [({}, "this engine has no NVIDIA runtime"), (NVIDIA | NO_GPU, "no GPU answers")],
)
def test_a_gpu_that_was_asked_for_and_is_not_there_is_a_fault_with_the_remedy(
    engine, answers, wrong
):
    said = engine.up(answers=answers, code=1, GPU="1")
    assert sentence(said)
    assert f"GPU=1, but {wrong}" in said
    assert "leave GPU out" in said


def test_gpu_takes_0_or_1(engine):
    assert "give 0 or 1" in engine.up(code=1, GPU="yes")


def test_every_target_of_the_makefile_for_containers_has_its_help():
    said = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    of_all = ("up", "down", "restart", "logs", "ps", "images")
    for target in (*of_all, "up-NAME", "serve-NAME"):
        assert f"  make {target} " in said
