"""The orchestrator's commands against real runners on fake frameworks."""

import json
import signal
import subprocess
import sys

import pytest
from twinrun.contract.enums import JobState
from twinrun.v1 import job_pb2, runner_service_pb2

from tests.builders.commands import SMALL, await_epoch
from tests.waiting import HANG_SECONDS


def test_compare_runs_the_same_job_on_both_and_keeps_everything(orchestrator, two):
    _, flags = two()
    done = orchestrator.run("compare", *SMALL, *flags)
    assert "All trials had the same job spec, data, initial weights and batch order." in done.stdout
    assert "times as fast" in done.stdout or "level" in done.stdout
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
    assert run.spec().loss == job_pb2.LOSS_SOFTMAX_CROSS_ENTROPY  # as the runner completed it
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
    assert "TensorFlow makes the same 1,000 predictions of PyTorch's weights as PyTorch" in said
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
    assert "say --yes" in refused.stderr
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
    assert "synthetic-mlp augments nothing" in " ".join(said.split())


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


def test_a_preview_of_what_cannot_be_is_refused_with_the_field(orchestrator, two):
    _, flags = two()
    done = orchestrator.run("preview", "--set=augmentation.zoom=1", *flags, code=2)
    assert "augmentation.zoom is 1.0; it must be from 0 to below 1" in " ".join(done.stderr.split())


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


def test_every_bad_flag_of_a_job_is_named_at_once_and_nothing_is_left(orchestrator, two):
    _, flags = two()
    done = orchestrator.run(
        *("compare", *flags, "--workload=synthetic-mlp", "--epochs=0", "--learning-rate=nan"),
        *("--train-limit=-5", "--batch-size=1000000000"),
        code=2,
    )
    for field in ("epochs", "optimizer.learning_rate", "dataset.train_limit", "batch_size"):
        assert field in done.stderr
    assert not orchestrator.output.exists()


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--workload=nope"], "mnist-mlp"),
        (["--frameworks=pytorch,jax"], "jax"),
        (["--precision=float16"], "float16"),
        (["--epochs=99999999999999999999"], "epochs"),
        (["--workload=../../etc/passwd"], "mnist-mlp"),
    ],
)
def test_what_no_runner_needs_to_see_is_refused_at_once(orchestrator, flags, named):
    done = orchestrator.run("compare", *flags, code=2)
    assert named in done.stderr


def test_an_address_where_nothing_answers_is_named_with_the_remedy(orchestrator):
    done = orchestrator.run("compare", "--pytorch=127.0.0.1:1", code=3)
    assert "127.0.0.1:1" in done.stderr
    assert "make serve-pytorch" in done.stderr


def test_a_runner_of_the_wrong_framework_is_refused(orchestrator, start):
    runner = start(framework="tensorflow")
    done = orchestrator.run("compare", f"--pytorch={runner.address}", code=3)
    assert "runs tensorflow, not pytorch" in done.stderr


def test_an_output_that_cannot_be_made_is_named_before_anything_runs(orchestrator, two):
    runners, flags = two()
    (orchestrator.home / "file").write_text("in the way")
    done = orchestrator.run("compare", *SMALL, *flags, "--output=file/runs", code=5)
    assert "file/runs" in done.stderr
    assert "--output" in done.stderr
    assert not list((runners["pytorch"].state_dir / "jobs").iterdir())


def test_an_output_that_takes_no_more_ends_the_job_and_names_the_file(orchestrator, start):
    runner = start("slow")
    command = [
        *(sys.executable, "-m", "orchestrator", "train", "--framework=pytorch", *SMALL),
        *("--epochs=10000", f"--pytorch={runner.address}"),
    ]
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 16; exec "$@"', "sh", *command],  # 8 KiB a file
        cwd=orchestrator.home,
        env=orchestrator.env,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert done.returncode == 5, done.stderr
    assert "events/pytorch-1.jsonl" in done.stderr
    assert "Traceback" not in done.stderr
    assert orchestrator.latest().trials()[0].inputs  # what was written before is readable
    (job,) = runner.stub.ListJobs(runner_service_pb2.ListJobsRequest()).jobs
    assert runner.wait(job).state == job_pb2.JOB_STATE_CANCELLED


def test_weights_that_a_run_lacks_are_named_with_those_that_it_has(orchestrator, start):
    runner = start()
    where = f"--pytorch={runner.address}"
    orchestrator.run("train", "--framework=pytorch", *SMALL, where)
    done = orchestrator.run("evaluate", "latest", "--framework=tensorflow", code=2)
    assert "no weights of tensorflow-1" in done.stderr
    assert "It has pytorch-1" in done.stderr


def test_a_trial_that_fails_is_told_and_the_other_one_still_runs(orchestrator, two):
    _, flags = two("raises", tensorflow="good")
    done = orchestrator.run("compare", *SMALL, *flags, code=4)
    assert "the planted fault" in done.stderr
    trials = {trial.framework: trial for trial in orchestrator.latest().trials()}
    assert trials["pytorch"].state is JobState.FAILED
    assert len(trials["pytorch"].epochs) == 1
    assert trials["tensorflow"].state is JobState.SUCCEEDED
    assert "No verdict on speed" in done.stdout


def test_a_runner_killed_in_the_middle_is_told_and_what_it_had_reported_is_kept(
    orchestrator, start
):
    runner = start("slow")
    process = orchestrator.start(
        "train", "--framework=pytorch", *SMALL, "--epochs=10000", f"--pytorch={runner.address}"
    )
    await_epoch(orchestrator, process)
    runner.process.kill()
    _, stderr = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 3
    assert "disappeared in the middle of the job" in stderr
    assert "orchestrator watch" in stderr
    assert "Traceback" not in stderr
    run = orchestrator.latest()
    assert run.trials()[0].epochs
    assert (run.path / "comparison.json").exists()
    assert (run.path / "report.html").exists()


def test_a_runner_that_comes_back_is_taken_up_again(orchestrator, start):
    runner = start("slow")
    port = runner.address.rpartition(":")[2]
    process = orchestrator.start(
        *("train", "--framework=pytorch", *SMALL, "--epochs=10000"),
        f"--pytorch={runner.address}",
        module="tests.integration.patient",
    )
    await_epoch(orchestrator, process)
    runner.process.kill()
    runner.process.wait()
    start("slow", "--listen", f"127.0.0.1:{port}")
    _, stderr = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 4
    assert "was started again" in stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_cancels_the_job_and_keeps_what_was_finished(orchestrator, start, number):
    runner = start("slow")
    process = orchestrator.start(
        "train", "--framework=pytorch", *SMALL, "--epochs=10000", f"--pytorch={runner.address}"
    )
    await_epoch(orchestrator, process)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    run = orchestrator.latest()
    assert run.trials()[0].state is JobState.CANCELLED
    assert (run.path / "comparison.json").exists()
    assert (run.path / "figures" / "overview.png").exists()


def test_a_killed_orchestrator_leaves_a_readable_run_and_a_job_to_watch(orchestrator, start):
    runner = start("slow")
    where = f"--pytorch={runner.address}"
    process = orchestrator.start("train", "--framework=pytorch", *SMALL, "--epochs=3", where)
    await_epoch(orchestrator, process)
    process.kill()
    process.communicate()
    job_id = orchestrator.run("jobs", "--frameworks=pytorch", where).stdout.split()[0]
    replayed = orchestrator.run("watch", job_id, where)
    assert "epoch 3" in replayed.stdout
    assert orchestrator.latest().trials()[0].epochs
    assert not list(orchestrator.latest().path.rglob(".*"))


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


def test_a_file_with_what_is_no_flag_is_refused_before_anything_runs(orchestrator):
    (orchestrator.home / "twinrun.toml").write_text("[compare]\nephocs = 3\n")
    done = orchestrator.run("compare", code=2)
    assert "compare.ephocs" in done.stderr
