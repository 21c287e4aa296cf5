"""``compare`` that repeats: real runners on a fake framework, and what is kept and said of it."""

import json
import re
import signal

import pytest
from twinrun.contract.enums import JobState

from orchestrator.storage import store
from tests.builders.commands import SMALL
from tests.waiting import HANG_SECONDS, eventually

COMPARE = ("compare", *SMALL, "--no-verify", "--epochs=1")


def comparison(orchestrator):
    return json.loads((orchestrator.latest().path / "comparison.json").read_text())


def seeds(run):
    return {trial.name: trial.spec.seed for trial in run.trials()}


def test_repetitions_make_pairs_of_one_seed_each_and_a_ratio_with_its_interval(orchestrator, two):
    _, flags = two()
    done = orchestrator.run(*COMPARE, "--repeats=6", "--seed=5", *flags)
    assert "6 pairs)" in " ".join(done.stdout.split())
    run = orchestrator.latest()
    assert seeds(run) == {
        f"{name}-{number}": number + 4
        for name in ("pytorch", "tensorflow")
        for number in range(1, 7)
    }
    found = comparison(orchestrator)
    assert found["verdict"]["pairs"] == 6
    ratio = found["ratios"]["epoch_seconds"]
    assert ratio["low"] <= ratio["ratio"] <= ratio["high"]
    assert "FEW_PAIRS" not in {warning["code"] for warning in found["warnings"]}
    assert found["inputs"]["same"] is True


def test_a_margin_is_kept_with_the_run_and_judged_again_whenever_it_is_shown(orchestrator, two):
    _, flags = two()
    done = orchestrator.run(*COMPARE, "-n6", "--margin=0.5", *flags)
    found = comparison(orchestrator)["quality"]
    assert found["difference"]["pairs"] == 6
    assert found["equivalence"]["margin"] == pytest.approx(0.005)
    assert " ".join(found["sentence"].split()) in " ".join(done.stdout.split())
    assert orchestrator.latest().about().margin == 0.5
    shown = orchestrator.run("report", "latest")
    assert comparison(orchestrator)["quality"] == found
    assert "within 0.5 points" in " ".join(orchestrator.run("show", "latest").stdout.split())
    assert "Does the quality differ?" in orchestrator.latest().page_path.read_text()
    assert shown.returncode == 0


@pytest.mark.parametrize("margin", ["0", "-1", "nan"])
def test_a_margin_that_is_no_size_is_refused(orchestrator, margin):
    done = orchestrator.run(*COMPARE, f"--margin={margin}", code=2)
    assert "it must be above 0" in " ".join(done.stderr.split())


def test_the_same_seed_for_all_where_it_is_asked_for(orchestrator, two):
    _, flags = two()
    orchestrator.run(*COMPARE, "-n2", "--same-seed", *flags)
    assert set(seeds(orchestrator.latest()).values()) == {0}


def test_an_a_a_test_is_kept_as_the_machines_noise_and_said_with_later_verdicts(
    orchestrator,
    two,
):
    _, flags = two()
    done = orchestrator.run("compare", *SMALL, "--epochs=1", "--aa=pytorch", "-n6", *flags)
    assert "PyTorch A" in done.stdout
    assert {trial.framework for trial in orchestrator.latest().trials()} == {
        "pytorch-a",
        "pytorch-b",
    }
    (kept,) = (orchestrator.home / "state/twinrun/machines").glob("*.json")
    (noise,) = json.loads(kept.read_text())["noise"].values()
    assert noise["low"] <= noise["high"]  # one interval in twenty misses 1: that is no fault
    assert noise["pairs"] == 6
    later = orchestrator.run(*COMPARE, *flags)
    assert "On this machine PyTorch compared with itself gave" in later.stdout


def test_until_sure_goes_on_until_the_interval_is_narrow_enough(orchestrator, two):
    _, flags = two("clocked")
    done = orchestrator.run(*COMPARE, "--until-sure", "--precision-target=1%", *flags)
    assert "pair 6, so far PyTorch 1.00 times as fast" in done.stderr
    assert "pair 7" not in done.stderr
    assert len(orchestrator.latest().trials()) == 12


@pytest.mark.parametrize("target", ["0%", "100%", "many", "-1%"])
def test_a_precision_that_is_none_is_refused(orchestrator, target):
    done = orchestrator.run(*COMPARE, "--until-sure", f"--precision-target={target}", code=2)
    assert f"--precision-target is {target!r}" in done.stderr


def test_strict_makes_a_failure_of_a_warning_and_keeps_the_result(orchestrator, two):
    _, flags = two()
    done = orchestrator.run(*COMPARE, "--strict", *flags, code=7)
    assert "FEW_PAIRS" in done.stderr
    assert "CERTIFICATE_MISSING" in done.stderr
    assert comparison(orchestrator)["verdict"]["provisional"] is True


def test_an_interrupt_keeps_the_pairs_that_were_finished(orchestrator, two):
    _, flags = two()
    process = orchestrator.start(*COMPARE, "--repeats=500", *flags)
    runs = orchestrator.output
    assert eventually(lambda: len(list(runs.glob("*/weights/tensorflow-*.safetensors"))) >= 2)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 130, stderr
    run = orchestrator.latest()
    ended = [trial for trial in run.trials() if trial.state is JobState.SUCCEEDED]
    assert comparison(orchestrator)["verdict"]["pairs"] >= 1
    assert len(ended) >= 3


def test_a_profile_is_made_after_all_that_is_timed(orchestrator, two):
    _, flags = two()
    done = orchestrator.run(*COMPARE, "--profile", *flags)
    assert re.search(r"matmul .*75\.00 %", done.stdout)
    run = orchestrator.latest()
    assert len(store.Run(run.path / "profile").trials()) == 2
    assert len(run.trials()) == 2
    assert comparison(orchestrator)["profiles"].keys() == {"pytorch", "tensorflow"}


def test_kerass_runners_are_measured_and_summarised_with_the_others(orchestrator, start):
    names = ("pytorch", "keras-jax")
    runners = [f"--runner={n}={start('good', name=n, framework=n).address}" for n in names]
    flags = (*runners, f"--frameworks={','.join(names)}", "--json")
    orchestrator.run("env", "--measure", "--workload=synthetic-mlp", *flags)
    orchestrator.run("summary", "--workload=synthetic-mlp", *flags)
    asked = [each["spec"]["recipe"] for each in json.loads(orchestrator.run("jobs", *flags).stdout)]
    assert asked == ["RECIPE_MATCHED"] * 2 + ["RECIPE_IDIOMATIC"] * 2  # by runner


def test_what_a_machine_can_do_is_measured_once_and_held_against_later_trials(
    orchestrator,
    two,
):
    _, flags = two()
    measured = json.loads(
        orchestrator.run("env", "--measure", "--threads=1", "--json", *flags).stdout
    )
    assert measured["pytorch"]["measured"]["operations_per_second"] == 2e9
    again = orchestrator.run("env", "--measure", "--threads=2", "--devices=2", "--json", *flags)
    rates = json.loads(again.stdout)["pytorch"]["measured"]
    assert rates["operations_per_second"] == 4e9  # of one device with all threads
    done = orchestrator.run(*COMPARE, *flags)
    assert "of 2.00 GFLOP/s: " in done.stdout
    assert "peak rates are not known" not in done.stdout
