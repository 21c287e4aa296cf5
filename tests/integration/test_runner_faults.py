"""Jobs that fail: each tells why, and the runner takes the next one."""

import os
import signal
import subprocess
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2
from twinrun.v1 import job_pb2, runner_service_pb2

from tests.builders.runners import error_info, health, reason
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("no_forks")

INFO = runner_service_pb2.GetServerInfoRequest()


def failed(runner, job) -> job_pb2.Job:
    """The job when it has ended; it must have FAILED, as its last event must say."""
    events = list(runner.watch(job))
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    ended = runner.get(job)
    assert ended.state == job_pb2.JOB_STATE_FAILED
    assert events[-1].state_changed.state == job_pb2.JOB_STATE_FAILED
    told = events[-1].state_changed.error
    assert (told.code, told.message) == (ended.error.code, ended.error.message)
    assert error_info(told) == error_info(ended.error)
    assert ended.last_sequence == len(events)
    return ended


def takes_the_next(runner) -> bool:
    return runner.wait(runner.train(seed=1)).state == job_pb2.JOB_STATE_SUCCEEDED


def test_what_a_trainer_raises_is_the_jobs_error_with_its_last_lines(start):
    runner = start("raises")
    ended = failed(runner, runner.train())
    assert ended.error.message == "The trainer failed: RuntimeError: the planted fault."
    info = error_info(ended.error)
    assert (info.reason, info.metadata["type"]) == ("TRAINER_FAILED", "RuntimeError")
    assert info.metadata["stderr"].endswith("RuntimeError: the planted fault")
    assert "in train_epoch" in info.metadata["stderr"]
    logged = f"job {ended.job_id}: FAILED: {ended.error.message}"
    assert eventually(lambda: logged in runner.stderr)  # written once the job has ended
    assert takes_the_next(runner)


def test_an_error_that_no_string_on_the_wire_can_hold_is_told_all_the_same(start):
    runner = start("raises")
    ended = failed(runner, runner.train(seed=2))
    assert ended.error.message == "the file \\udcff is not for us"
    assert error_info(ended.error).metadata["index"] == "3"
    assert takes_the_next(runner)


def test_an_endless_error_is_cut(start):
    runner = start("raises")
    ended = failed(runner, runner.train(seed=3))
    assert ended.error.message.startswith("The trainer failed: RuntimeError: very very")
    assert ended.ByteSize() < 30_000
    assert takes_the_next(runner)


def test_a_process_that_exits_tells_its_code_its_last_lines_and_all_that_it_had_reported(start):
    runner = start("exits")
    job = runner.train()
    runner.wait_for(job, "epoch_finished")
    runner.open("end")
    ended = failed(runner, job)
    info = error_info(ended.error)
    assert info.reason == "CHILD_DIED"
    assert info.metadata["exit_code"] == "7"
    assert info.metadata["stderr"].splitlines()[-2:] == ["first words", "the last words"]
    assert "exit code 7" in ended.error.message
    assert "the last words" in ended.error.message
    events = list(runner.watch(job))
    steps = [e.steps_finished.first_step for e in events if e.HasField("steps_finished")]
    assert steps == [0, 5]
    assert [e.epoch_finished.epoch for e in events if e.HasField("epoch_finished")] == [0]
    assert takes_the_next(runner)


def test_a_trainer_that_exits_as_scripts_do_has_failed(start):
    runner = start("exits")
    ended = failed(runner, runner.train(seed=2))
    assert ended.error.message == "The trainer failed: SystemExit: gave up."
    assert takes_the_next(runner)


def test_a_process_that_is_killed_tells_the_signal_and_keeps_what_it_had_reported(start):
    runner = start("killed")
    job = runner.train()
    runner.wait_for(job, "epoch_finished")
    runner.open("end")
    ended = failed(runner, job)
    info = error_info(ended.error)
    assert (info.reason, info.metadata["signal"]) == ("CHILD_DIED", "SIGKILL")
    assert "SIGKILL" in ended.error.message
    epochs = [e.epoch_finished.epoch for e in runner.watch(job) if e.HasField("epoch_finished")]
    assert epochs == [0]
    assert takes_the_next(runner)


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGKILL, "SIGKILL"), (signal.SIGSEGV, "SIGSEGV"), (40, "40")]
)
def test_a_process_killed_from_outside_in_the_middle_is_a_failed_job(start, number, name):
    runner = start("slow")
    job = runner.train(epochs=10_000)
    runner.wait_for(job, "steps_finished")
    os.kill(runner.descendants[0], number)
    assert error_info(failed(runner, job).error).metadata["signal"] == name
    assert takes_the_next(runner)


def test_a_process_killed_while_it_stood_by_costs_no_job(start):
    runner = start()
    assert eventually(lambda: runner.stub.GetServerInfo(INFO).HasField("environment"))
    process = Path(f"/proc/{runner.descendants[0]}")
    os.kill(int(process.name), signal.SIGKILL)
    assert eventually(lambda: not process.exists())
    assert takes_the_next(runner)


def test_memory_that_runs_out_is_told_as_such(start):
    runner = start("hungry")
    assert reason(failed(runner, runner.train()).error) == "OUT_OF_MEMORY"
    assert takes_the_next(runner)


@pytest.mark.parametrize("seed", [0, 2])
def test_a_process_that_its_dead_job_left_behind_is_ended_and_not_waited_for(start, seed):
    """It would go on for ever."""
    runner = start("leaves_a_child")
    ended = failed(runner, runner.train(seed=seed))
    assert error_info(ended.error).metadata["exit_code"] == "9"
    assert eventually(lambda: runner.descendants == [])
    assert takes_the_next(runner)


def test_a_process_that_a_finished_job_left_behind_is_ended(start):
    runner = start("leaves_a_child")
    assert runner.wait(runner.train(seed=3)).state == job_pb2.JOB_STATE_SUCCEEDED
    assert eventually(lambda: runner.descendants == [])


def test_a_device_that_is_not_there_fails_the_job(start):
    runner = start("no_device")
    ended = failed(runner, runner.train())
    assert reason(ended.error) == "DEVICE_UNAVAILABLE"
    assert error_info(ended.error).metadata["device"] == "cuda"
    assert takes_the_next(runner)


@pytest.mark.parametrize(
    ("seed", "words"),
    [(0, "pickle"), (2, "nowhere"), (3, "integer"), (4, "SimpleNamespace")],
)
def test_a_report_that_cannot_be_taken_fails_the_job_alone(start, seed, words):
    runner = start("bad_reports")
    ended = failed(runner, runner.train(seed=seed))
    assert reason(ended.error) == "TRAINER_FAILED"
    assert words in ended.error.message
    assert takes_the_next(runner)


def test_a_framework_that_cannot_be_imported_leaves_a_runner_that_says_so(start):
    runner = start("not_importable")
    assert eventually(lambda: runner.stub.GetServerInfo(INFO).HasField("import_error"))
    info = runner.stub.GetServerInfo(INFO)
    assert reason(info.import_error) == "IMPORT_FAILED"
    assert "libplanted.so.1" in info.import_error.message
    assert health(runner.address) == health_pb2.HealthCheckResponse.NOT_SERVING
    for _ in range(2):
        ended = failed(runner, runner.train())
        assert reason(ended.error) == "IMPORT_FAILED"
        assert "libplanted.so.1" in ended.error.message
    assert runner.process.poll() is None


def tmpfs_in_a_namespace(directory) -> list[str]:
    """Runs a command where ``directory`` is a disk of 2 MiB; skips the test if that cannot be."""
    inside = [
        *("unshare", "--user", "--map-root-user", "--mount", "sh", "-c"),
        'mkdir -p "$0" && mount -t tmpfs -o size=2m none "$0" && exec "$@"',
        str(directory),
    ]
    try:
        subprocess.run([*inside, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no disk of one's own can be mounted here")
    return inside


def fill(path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


def test_a_disk_that_runs_full_fails_the_job_for_good_and_the_runner_lives_on(start, tmp_path):
    runner = start("slow", inside=tmpfs_in_a_namespace(tmp_path / "state"))
    job = runner.train(epochs=10_000)
    runner.wait_for(job, "steps_finished")
    filler = runner.state_dir / "filler"
    fill(filler)
    ended = failed(runner, job)
    assert reason(ended.error) == "DISK_FULL"
    assert "DISK_FULL" in runner.log(job)[-1]
    with pytest.raises(grpc.RpcError) as caught:
        runner.train(seed=1)
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    filler.unlink()
    assert takes_the_next(runner)
