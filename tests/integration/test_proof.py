"""The commands that show that it is the same job, against real runners on fake frameworks."""

import json

from twinrun.v1 import job_pb2

from orchestrator.storage import store
from tests.builders.commands import SMALL


def test_verify_keeps_a_certificate_and_its_figure_in_a_run_of_its_own(orchestrator, two):
    _, flags = two()
    done = orchestrator.run("verify", *SMALL, *flags, module="orchestrator")
    assert "The same job: in float64, over 10 steps" in done.stdout
    run = orchestrator.latest()
    assert run.path.name.endswith("-verify-synthetic-mlp")
    assert run.certificate()["same_job"] is True
    assert run.spec().report_step_details
    assert (run.path / "figures/certificate.svg").exists()
    assert {trial.name for trial in run.trials()} == {"pytorch-1", "tensorflow-1"}


def test_verify_that_was_killed_before_the_saved_weights_were_evaluated_shows_nothing(
    orchestrator, two
):
    _, flags = two()
    orchestrator.run("verify", *SMALL, *flags)
    path = orchestrator.latest().path
    (path / "certificate.json").unlink()
    (path / "logits/tensorflow-of-pytorch.safetensors").unlink()
    orchestrator.run("report", str(path))
    certificate = orchestrator.latest().certificate()
    assert certificate["same_job"] is False
    said = "TensorFlow has not evaluated the saved weights of pytorch-1"
    assert said in certificate["sentence"]


def test_verify_in_float32_holds_each_framework_against_its_own_rounding(orchestrator, two):
    _, flags = two()
    done = orchestrator.run("verify", *SMALL, *flags, "--precision=float32", "--json")
    certificate = json.loads(done.stdout)
    assert certificate["same_job"] is True
    assert certificate["envelope"]["own"].keys() == {"pytorch", "tensorflow"}
    names = {trial.name for trial in orchestrator.latest().trials()}
    assert names == {
        f"{name}-{number}" for name in ("pytorch", "tensorflow") for number in (1, 2, 3)
    }


def test_verify_all_makes_a_certificate_for_every_workload_it_can(orchestrator, two, tmp_path):
    (tmp_path / "data").write_text("")  # no directory, so that no data set can be had
    _, flags = two()
    done = orchestrator.run("verify", "--all", "--threads=1", "--steps=3", *flags, code=4)
    assert "synthetic-mlp: The same job" in done.stdout
    assert "fashion-mlp: " in done.stderr
    assert "mnist-mlp: " in done.stderr
    assert "Left out, since a step of it takes seconds on a CPU: resnet18." in done.stderr
    assert not [run for run in done.stdout.splitlines() if run.startswith("resnet18")]


def test_compare_makes_a_certificate_once_and_takes_it_again(orchestrator, two):
    runners, flags = two()
    jobs = []
    for _ in range(2):
        done = orchestrator.run("compare", *SMALL, *flags)
        assert "The same job: in float64, over 30 steps" in done.stdout
        jobs.append(len(list((runners["pytorch"].state_dir / "jobs").iterdir())))
        assert orchestrator.latest().certificate()["same_job"] is True
    # Of the certificate the plain trial, two as they are timed, both sides' weights; the trial.
    assert jobs == [6, 7]
    assert "certificate" in json.loads((orchestrator.latest().path / "comparison.json").read_text())


def test_more_draws_are_taken_until_one_shows_what_the_first_missed(orchestrator, two):
    _, flags = two("good", tensorflow="switches")
    done = orchestrator.run("compare", *SMALL, *flags)
    said = " ".join(done.stdout.split())
    assert "The same job: in float64" in said
    assert "Of 2 perturbed trials of each framework the largest effect counts." in said
    inner = store.Run(orchestrator.latest().path / "certificate")
    numbers = (1, 4, 5, 6, 25)  # the repetition as it is timed, and a second draw
    assert {trial.name for trial in inner.trials()} == {
        f"{name}-{number}" for name in ("pytorch", "tensorflow") for number in numbers
    }
    found = orchestrator.latest().certificate()
    assert (found["timed"]["draws"], found["timed"]["switched"]) == (2, True)
    assert found["undecided"] is None


def test_another_spec_is_certified_anew(orchestrator, two):
    runners, flags = two()
    for seed in ("--seed=1", "--seed=2"):
        orchestrator.run("compare", *SMALL, seed, *flags)
    assert len(list((runners["pytorch"].state_dir / "jobs").iterdir())) == 12


def test_without_a_certificate_the_result_says_so(orchestrator, two):
    _, flags = two()
    done = orchestrator.run("compare", *SMALL, *flags, "--no-verify")
    assert "No certificate was made" in done.stdout
    assert orchestrator.latest().certificate() is None


def test_a_certificate_that_could_not_be_made_leaves_the_comparison_and_is_said(orchestrator, two):
    _, flags = two("good", tensorflow="bad_reports")
    done = orchestrator.run("compare", *SMALL, *flags, "--seed=0", code=4)
    assert "no certificate could be made" in done.stdout
    assert orchestrator.latest().certificate()["same_job"] is False


def test_a_certificate_is_of_two_frameworks(orchestrator, two):
    _, flags = two()
    done = orchestrator.run("verify", *SMALL, *flags, "--frameworks=pytorch", code=2)
    assert "This needs 2 frameworks or more" in done.stderr


def test_explain_lets_in_one_difference_and_tells_of_it(orchestrator, two):
    _, flags = two()
    done = orchestrator.run("explain", *SMALL, *flags, "--pitfall=adam-epsilon")
    assert "Adam's epsilon" in done.stdout
    assert "Source: https://" in done.stdout
    run = orchestrator.latest()
    assert len(run.trials()) == 4
    explanation = json.loads((run.path / "explanation.json").read_text())
    assert [row["pitfall"] for row in explanation["rows"]] == [None, "adam-epsilon"]
    assert (run.path / "figures/explanation.png").exists()


def test_a_pitfall_that_is_not_known_is_refused_with_those_that_are(orchestrator):
    done = orchestrator.run("explain", "--pitfall=none-such", code=2)
    assert "jit-compile" in done.stderr


def test_a_pitfall_of_a_gpu_is_refused_on_a_cpu(orchestrator):
    done = orchestrator.run("explain", "--pitfall=cuda-graph", code=2)
    assert "add --device cuda" in done.stderr


def test_both_loops_are_kept_in_one_run_side_by_side(orchestrator, two):
    _, flags = two()
    done = orchestrator.run("compare", "--loop=both", "--no-verify", *SMALL, *flags)
    assert "a hand-written loop, op by op" in done.stdout
    run = orchestrator.latest()
    assert run.path.name.endswith("synthetic-mlp-loops")
    found = json.loads((run.path / "loops.json").read_text())
    assert found["epoch_seconds"].keys() == {"fit", "custom", "fit-eager", "custom-eager"}
    for variant, seconds in found["epoch_seconds"].items():
        assert seconds.keys() == {"pytorch", "tensorflow"}
        assert len(store.Run(run.path / variant).trials()) == 2
    asked = store.Run(run.path / "custom-eager").spec()
    assert (asked.loop, asked.execution) == (job_pb2.LOOP_CUSTOM, job_pb2.EXECUTION_EAGER)


def test_one_loop_is_a_field_of_the_job(orchestrator, two):
    _, flags = two()
    orchestrator.run("compare", "--loop=custom", "--no-verify", *SMALL, *flags)
    assert orchestrator.latest().spec().loop == job_pb2.LOOP_CUSTOM


def test_both_of_both_are_refused(orchestrator):
    done = orchestrator.run("compare", "--loop=both", "--recipe=both", code=2)
    assert "run them one after the other" in done.stderr


def test_both_recipes_are_kept_in_one_run_and_taken_apart(orchestrator, two):
    _, flags = two()
    done = orchestrator.run("compare", "--recipe=both", *SMALL, *flags)
    assert "In the idiomatic recipe" in done.stdout
    run = orchestrator.latest()
    assert run.path.name.endswith("synthetic-mlp-recipes")
    found = json.loads((run.path / "recipes.json").read_text())
    assert found["times"].keys() == {"matched", "idiomatic"}
    for recipe in found["times"]:
        assert len(store.Run(run.path / recipe).trials()) == 2


def test_what_is_set_by_name_reaches_the_job_and_what_is_no_field_is_refused(orchestrator, two):
    _, flags = two()
    sgd = "--set=optimizer={learning_rate: 0.05, sgd: {momentum: 0.5}}"
    orchestrator.run("compare", *SMALL, *flags, sgd, "--no-verify")
    assert orchestrator.latest().spec().optimizer.sgd.momentum == 0.5
    for wrong in ("optimizr={}", "epochs", "epochs.of.what=3", "epochs=[", "=3"):
        done = orchestrator.run("compare", *SMALL, *flags, f"--set={wrong}", code=2)
        assert "Traceback" not in done.stderr
