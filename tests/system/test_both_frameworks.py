"""The whole of it: the orchestrator's command, real runners in their own environments."""

import contextlib
import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from orchestrator.storage import shelf
from tests.builders.cpu import ROUNDS_ONCE
from tests.builders.runners import runners_of
from tests.waiting import HANG_SECONDS, eventually

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("execution", ["default", "eager", "compiled"])
def test_float64_losses_of_the_frameworks_agree_to_1e_12_on_mnist(orchestrator, execution):
    if execution == "compiled" and not has_compiler():
        pytest.skip("torch.compile needs a C++ compiler, and there is none")
    done = orchestrator(
        *("compare", "--json", "--epochs=1", "--train-limit=6000", "--precision=float64"),
        f"--execution={execution}",
        "--threads=1",  # several are slow where the machine does other things
        "--no-verify" if execution == "eager" else "--verify",  # a certificate is much work
    )
    comparison = json.loads(done.stdout)
    assert comparison["inputs"]["same"] is True
    (agreement,) = comparison["agreements"]
    assert agreement["steps"] == 94  # the last batch is short
    assert agreement["largest_loss_difference"] < 1e-12
    assert agreement["accuracy_difference"] == 0


@ROUNDS_ONCE
def test_rounded_products_of_a_convolution_are_the_same_job_on_a_cpu(warmed):
    layers = "[{conv2d: {filters: 8, size: 5}}, {flatten: {}}, {dense: {units: 10}}]"
    done = warmed(
        *("compare", "--workload=synthetic-mlp", "--epochs=1", "--train-limit=2000", "--threads=1"),
        *("--precision=bfloat16", f"--set=layers={layers}", "--json"),
    )
    comparison = json.loads(done.stdout)
    (agreement,) = comparison["agreements"]
    assert agreement["largest_loss_difference"] < 0.01
    for side in comparison["frameworks"].values():
        assert "products in bfloat16" in json.dumps(side)


def has_compiler() -> bool:
    return any(shutil.which(name) for name in ("g++", "clang++"))


def test_a_run_learns_and_its_weights_evaluate_alike_in_their_own_framework(
    orchestrator, warmed, home
):
    flags = ("--epochs=2", "--seed=1", "--threads=1", "--no-verify")
    orchestrator("compare", *flags, module="orchestrator")
    run = shelf.find("latest", home / "runs")
    assert (run.path / "figures/overview.svg").exists()
    for trial in run.trials():
        assert trial.epochs[-1].test_accuracy > 0.95
        assert trial.losses.shape == (2 * 938,)
        done = warmed("evaluate", "latest", f"--framework={trial.framework}", "--json")
        assert json.loads(done.stdout)["accuracy"] == trial.epochs[-1].test_accuracy


def test_the_workload_for_a_first_try_reaches_its_own_target(warmed):
    done = warmed("compare", "--workload=synthetic-mlp", "--threads=1", "--no-verify", "--json")
    found = json.loads(done.stdout)
    assert "BELOW_TARGET" not in {warning["code"] for warning in found["warnings"]}
    for side in found["frameworks"].values():
        assert side["trials"][0]["epochs"][-1]["test_accuracy"] >= found["job"]["target_accuracy"]


def test_env_tells_what_each_framework_runs_on(orchestrator):
    found = json.loads(orchestrator("env", "--json").stdout)
    assert found["pytorch"]["framework_version"].startswith("2.")
    assert found["tensorflow"]["framework_version"].startswith("2.")
    for environment in found.values():
        assert environment["available_cpus"] >= 1
        assert environment["cpu_model"]
        assert environment["blas"]
        assert environment["packages"]["numpy"] == found["pytorch"]["packages"]["numpy"]


def test_cuda_is_refused_with_the_remedy_where_there_is_none(orchestrator):
    if Path("/dev/nvidia0").exists():
        pytest.skip("there is a GPU")
    done = orchestrator("compare", "--workload=synthetic-mlp", "--device=cuda", code=2)
    assert "device is cuda, but" in done.stderr
    assert "use device cpu" in done.stderr
    assert "CERTIFICATE" not in done.stderr  # nothing was begun


def has_epoch(process, home, seed) -> bool:
    """Whether the run that the process makes has one. It must not have ended."""
    assert process.poll() is None, process.communicate()
    runs = shelf.runs(home / "runs")
    trials = runs[-1].trials() if runs and runs[-1].spec().seed == seed else []
    return bool(trials and trials[0].epochs)


def children_of(pid) -> list[int]:
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in found for child in path.read_text().split()]


@contextlib.contextmanager
def stopped(pid):
    """It does nothing meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_the_job_of_a_killed_orchestrator_goes_on_and_can_be_watched(orchestrator, home):
    process = orchestrator.start(
        "train", "--framework=pytorch", "--epochs=5", "--seed=5", "--threads=1"
    )
    assert eventually(lambda: has_epoch(process, home, seed=5))
    (pid,) = runners_of(home)
    (child,) = children_of(pid)
    with stopped(child):  # so that the job does not end before it is watched
        process.kill()
        process.communicate()
        assert "libtorch" not in Path(f"/proc/{pid}/maps").read_text()  # only its child imports it
        job_id = shelf.runs(home / "runs")[-1].job("pytorch", 1).job_id
        watching = orchestrator.start("watch", job_id)
        assert watching.stdout.readline()
    stdout, stderr = watching.communicate(timeout=HANG_SECONDS)
    assert watching.returncode == 0, stderr
    assert "epoch 5" in stdout
    assert stdout.strip().endswith("succeeded")
    os.kill(pid, signal.SIGTERM)  # it would end by itself half a minute later
    assert eventually(lambda: not runners_of(home))


def test_an_interrupted_compare_stops_the_runners_that_it_started(orchestrator, home):
    process = orchestrator.start(
        *("compare", "--epochs=1000", "--seed=6", "--threads=1", "--no-verify")
    )
    assert eventually(lambda: has_epoch(process, home, seed=6))
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 130
    assert "cancelled" in stdout
    assert "Traceback" not in stderr


def test_kind_by_kind_they_agree_and_their_defaults_show_where_they_do_not(warmed):
    few = ("--only=layer_norm", "--only=flatten", "--precision=float64")
    rows = json.loads(warmed("parity", *few, "--json").stdout)["rows"]
    assert {row["case"] for row in rows} == {"flatten", "layer_norm", "layer_norm, of-sequences"}
    for row in rows:
        assert row["matched"]["gradient"] < 1e-13
        assert (row["own"]["gradient"] > 1e-4) is (row["case"] != "flatten")
