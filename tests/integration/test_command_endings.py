"""Commands that do not get to their end: what is said, and what is kept."""

import signal
import subprocess
import sys

import pytest
from twinrun.contract.enums import JobState
from twinrun.v1 import job_pb2, runner_service_pb2

from tests.builders.commands import SMALL, await_epoch
from tests.waiting import HANG_SECONDS


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
        *("train", "--framework=pytorch", *SMALL, "--epochs=10000"),
        f"--pytorch={runner.address}",
        module="orchestrator",
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
