"""The orchestrator's commands against real runners on fake frameworks."""

import json

from twinrun.contract.enums import JobState

from tests.builders.commands import SMALL


def test_compare_runs_the_same_job_on_both_and_keeps_everything(orchestrator, two):
    _, flags = two()
    done = orchestrator.run("compare", *SMALL, *flags, module="orchestrator")
    assert "All trials had the same job spec, data, initial weights and batch order." in done.stdout
    assert "which does not show who is faster" in " ".join(done.stdout.split())
    assert "(one trial each: provisional)" in " ".join(done.stdout.split())
    run = orchestrator.latest()
    kept = {str(p.relative_to(run.path)) for p in run.path.rglob("*") if p.is_file()}
    assert {
        "job.json",
        "environments.json",
        "events/pytorch-1.jsonl",
        "events/tensorflow-1.jsonl",
        "initial_weights.safetensors",
        "weights/pytorch-1.safetensors",
        "weights/tensorflow-1.safetensors",
        "comparison.json",
        "figures/overview.svg",
        "figures/accuracy.png",
        "log.txt",
        "report.html",
    } <= kept
    assert (
        run.spec().loss.WhichOneof("kind") == "softmax_cross_entropy"
    )  # as the runner completed it
    assert [trial.state for trial in run.trials()] == [JobState.SUCCEEDED, JobState.SUCCEEDED]
    comparison = json.loads((run.path / "comparison.json").read_text())
    assert comparison["schema"] == "twinrun.comparison/1"
    assert comparison["inputs"]["same"] is True


def test_json_goes_to_stdout_alone_and_quiet_silences_stderr(orchestrator, two):
    _, flags = two()
    done = orchestrator.run("compare", *SMALL, *flags, "--json", "--quiet")
    assert json.loads(done.stdout)["frameworks"].keys() == {"pytorch", "tensorflow"}
    assert done.stderr == ""


def test_train_runs_one_framework_alone(orchestrator, start):
    runner = start()
    done = orchestrator.run("train", "--framework=pytorch", *SMALL, f"--pytorch={runner.address}")
    assert "PyTorch ran alone" in done.stdout


def test_evaluate_gives_the_metrics_that_training_ended_with(orchestrator, start):
    runner = start()
    where = f"--pytorch={runner.address}"
    orchestrator.run("train", "--framework=pytorch", *SMALL, where)
    done = orchestrator.run("evaluate", "latest", "--framework=pytorch", where, "--json")
    found = json.loads(done.stdout)
    last = orchestrator.latest().trials()[0].epochs[-1]
    assert (found["accuracy"], found["loss"]) == (last.test_accuracy, last.test_loss)
    assert [each["batch_size"] for each in found["latencies"]] == [1, 8, 64, 512]
    assert all(
        0 < e["p50_seconds"] <= e["p90_seconds"] <= e["p99_seconds"] for e in found["latencies"]
    )
    assert sum(map(sum, found["confusion"])) == found["samples"] == 1000
    path = orchestrator.latest().path
    assert json.loads((path / "evaluations/pytorch-1.json").read_text()) == found
    assert (path / "figures/evaluation-pytorch-1.svg").exists()


def test_the_other_framework_evaluates_the_same_weights_and_it_is_said_whether_it_agrees(
    orchestrator, two
):
    _, flags = two()
    orchestrator.run("compare", *SMALL, "--no-verify", *flags)
    asked = ("evaluate", "latest", "--framework=tensorflow", "--weights-from=pytorch", *flags)
    said = " ".join(orchestrator.run(*asked).stdout.split())
    assert "TensorFlow makes the same 1,000 predictions from PyTorch's weights as PyTorch" in said
    assert "TensorFlow, with the weights of PyTorch: test accuracy" in said
    kept = orchestrator.latest().path / "evaluations/tensorflow-1-from-pytorch.json"
    assert json.loads(kept.read_text())["agreement"]["differing"] == 0


def test_samples_that_are_held_back_are_told_apart_from_the_test_split(orchestrator, start):
    runner = start()
    where = f"--pytorch={runner.address}"
    part = "--set=dataset.validation_fraction=0.2"
    done = orchestrator.run("train", "--framework=pytorch", *SMALL, part, where)
    assert "Validation accuracy" in done.stdout
    (trial,) = orchestrator.latest().trials()
    assert (trial.inputs.train_samples, trial.inputs.validation_samples) == (800, 200)
    assert trial.inputs.test_samples == 1000
    last = trial.epochs[-1]
    assert last.validation_loss != last.test_loss
    assert 0 <= last.validation_accuracy <= 1
    done = orchestrator.run("evaluate", "latest", "--framework=pytorch", where, "--json")
    found = json.loads(done.stdout)
    assert (found["accuracy"], found["samples"]) == (last.test_accuracy, 1000)


def test_runs_are_listed_shown_and_removed(orchestrator, two):
    _, flags = two()
    orchestrator.run("compare", *SMALL, "--epochs=1", "--no-verify", *flags)
    name = orchestrator.latest().path.name
    (listed,) = json.loads(orchestrator.run("runs", "--json").stdout)
    assert (listed["name"], listed["kind"]) == (name, "compare")
    assert listed["finding"] in " ".join(orchestrator.run("runs").stdout.split())
    shown = " ".join(orchestrator.run("show", "latest").stdout.split())
    assert listed["finding"] in shown
    assert json.loads(orchestrator.run("show", name, "--json").stdout)["finding"] in shown
    refused = orchestrator.run("rm", name, code=2)
    assert "pass --yes" in refused.stderr
    assert orchestrator.run("rm", "--yes", name).stdout == ""
    assert "There are no runs" in orchestrator.run("runs").stderr
    assert "There is no run" in orchestrator.run("show", "latest", code=2).stderr


def test_summary_sets_the_models_side_by_side(orchestrator, two):
    _, flags = two()
    done = orchestrator.run("summary", "--workload=synthetic-mlp", *flags)
    assert "PyTorch and TensorFlow agree: 4 layers, 16 parameters." in done.stdout
    assert "as a fake writes it" in done.stdout
    done = orchestrator.run("summary", "--workload=synthetic-mlp", "--json", *flags)
    assert json.loads(done.stdout)["agree"] is True


AUGMENTED = ("preview", "--workload=synthetic-mlp", "--set=augmentation.flip=0.5", "--count=3")


def test_preview_draws_what_both_make_of_the_first_images_and_says_how_far_apart(orchestrator, two):
    _, flags = two()
    done = orchestrator.run(*AUGMENTED, "--json", *flags)
    told = json.loads(done.stdout)
    assert told["images"] == 3
    assert told["largest_difference"] == 0
    assert "PyTorch and TensorFlow produce the same images" in told["sentence"]
    for suffix in ("png", "svg"):
        assert (orchestrator.home / f"runs/preview-synthetic-mlp.{suffix}").stat().st_size > 5000
    said = orchestrator.run(*AUGMENTED, "--recipe=idiomatic", *flags).stdout
    assert "differ by design" in " ".join(said.split())
    said = orchestrator.run("preview", "--workload=synthetic-mlp", *flags).stdout
    assert "synthetic-mlp has no augmentation" in " ".join(said.split())


def test_preview_goes_where_output_says(orchestrator, two):
    _, flags = two()
    orchestrator.run("compare", *SMALL, "--epochs=1", "--no-verify", "-q", *flags)
    run = orchestrator.latest().path
    orchestrator.run(*AUGMENTED, "--output=here.svg", *flags)
    orchestrator.run(*AUGMENTED, f"--output={run}", *flags)
    assert (orchestrator.home / "here.svg").read_bytes().startswith(b"<?xml")
    assert {"preview.png", "preview.svg"} <= {path.name for path in (run / "figures").iterdir()}
    (orchestrator.home / "notes.txt").touch()
    refused = orchestrator.run(*AUGMENTED, "--output=notes.txt", *flags, code=2)
    assert "notes.txt; give a file name that ends in .png or .svg" in refused.stderr


def test_jobs_lists_and_watch_replays_a_job_that_has_ended(orchestrator, start):
    runner = start()
    where = f"--pytorch={runner.address}"
    orchestrator.run("train", "--framework=pytorch", *SMALL, where)
    listed = orchestrator.run("jobs", "--frameworks=pytorch", where).stdout
    job_id = listed.split()[0]
    assert "succeeded" in listed
    replayed = orchestrator.run("watch", job_id, where).stdout
    assert "epoch 2" in replayed
    assert replayed.strip().endswith("succeeded")


def test_cancel_ends_a_running_job(orchestrator, start):
    runner = start("slow")
    job = runner.train(epochs=10_000)
    runner.wait_for(job, "inputs")
    done = orchestrator.run("cancel", job.job_id, f"--pytorch={runner.address}")
    assert "cancelled" in done.stdout
    failed = orchestrator.run("watch", job.job_id, f"--pytorch={runner.address}", code=4)
    assert "cancelled" in failed.stderr


def test_env_shows_both_side_by_side(orchestrator, two):
    _, flags = two()
    done = orchestrator.run("env", *flags)
    assert "0.0-fake" in done.stdout
    assert "PyTorch" in done.stdout
    assert "TensorFlow" in done.stdout


def test_env_shows_the_one_that_can_be_reached(orchestrator, two):
    runners, _ = two()
    flags = [f"--pytorch={runners['pytorch'].address}", "--tensorflow=127.0.0.1:1"]
    done = orchestrator.run("env", *flags, code=3)
    assert "0.0-fake" in done.stdout
    assert "TensorFlow" not in done.stdout
    assert "127.0.0.1:1" in done.stderr
    made = orchestrator.run("jobs", *flags, code=3)
    assert "There are no jobs" not in made.stderr
    made = orchestrator.run("env", "--json", *flags, code=3)
    assert json.loads(made.stdout).keys() == {"pytorch"}


def test_flags_come_from_the_command_line_else_the_environment_else_the_file(orchestrator, two):
    runners, _ = two()
    (orchestrator.home / "twinrun.toml").write_text(
        f'pytorch = "{runners["pytorch"].address}"\n'
        f'tensorflow = "{runners["tensorflow"].address}"\n'
        "[compare]\nepochs = 3\nseed = 3\nbatch-size = 50\nverify = false\n"
    )
    small = ("--workload=synthetic-mlp", "--threads=1", "--train-limit=200")
    flags, environment = ("--batch-size=40",), {"TWINRUN_COMPARE_SEED": "5"}
    orchestrator.run("compare", *small, *flags, **environment)
    spec = orchestrator.latest().spec()
    assert (spec.epochs, spec.seed, spec.batch_size) == (3, 5, 40)
    assert orchestrator.latest().certificate() is None


def test_prefetch_has_every_runner_read_each_dataset_once(orchestrator, two):
    runners, flags = two("documented")
    done = orchestrator.run("prefetch", *flags)
    names = ("cifar-10", "fashion-mnist", "mnist")
    ready = [f"{name}: ready for PyTorch and TensorFlow" for name in names]
    assert sorted(done.stdout.splitlines()) == ready
    assert "TensorFlow: succeeded" in done.stderr
    done = orchestrator.run("jobs", "--json", *flags)
    assert len(json.loads(done.stdout)) == len(ready) * len(runners)


def test_prefetch_needs_no_data_for_what_is_generated(orchestrator, two):
    _, flags = two()
    done = orchestrator.run("prefetch", "--workload", "synthetic-mlp", *flags)
    assert done.stdout == "Nothing to fetch: the data is generated.\n"
