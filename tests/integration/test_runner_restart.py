"""A runner that is killed and started again: what was there still is."""

import dataclasses
import json
import shutil

import pytest
from google.protobuf import json_format
from twinrun.v1 import job_pb2, runner_service_pb2

from tests.builders.runners import reason, runners
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("no_forks")


@pytest.fixture(scope="module")
def dead(tmp_path_factory):
    """A runner killed with -9 after one job, in the middle of a second, while a third waited."""
    with runners(tmp_path_factory.mktemp("killed")) as start:
        yield kill(start("slow"))


@pytest.fixture
def killed(dead, tmp_path):
    """A copy of it, whose state the next runner takes; its jobs; and their events till then."""
    runner, jobs, seen = dead
    state_dir = tmp_path / "state"
    shutil.copytree(runner.state_dir, state_dir)
    return dataclasses.replace(runner, state_dir=state_dir), jobs, seen


def kill(runner):
    finished = runner.wait(runner.train("finished", epochs=1))
    running = runner.train("running", epochs=10_000)
    runner.wait_for(running, "steps_finished")
    waiting = runner.train("waiting")
    seen = {job.job_id: events_till_now(runner, job) for job in (finished, running, waiting)}
    runner.process.kill()
    runner.process.wait()
    return runner, (finished, running, waiting), seen


def events_till_now(runner, job) -> list[job_pb2.JobEvent]:
    stream = runner.watch(job)
    events = [next(stream) for _ in range(runner.get(job).last_sequence)]
    stream.cancel()
    return events


def test_no_process_of_a_killed_runner_is_left(dead):
    runner, *_ = dead
    assert eventually(lambda: not runner.descendants)


@pytest.mark.parametrize("fake", ["blocks", "blocks_in_import"])
def test_not_even_a_process_that_blocks_outlives_a_killed_runner(start, fake):
    runner = start(fake)
    runner.train()
    assert eventually(lambda: runner.descendants)
    runner.process.kill()
    assert eventually(lambda: not runner.descendants)


def test_not_even_what_a_job_had_started_outlives_a_killed_runner(start):
    runner = start("leaves_a_child")
    job = runner.train(seed=4)
    assert eventually(lambda: runner.get(job).state == job_pb2.JOB_STATE_RUNNING)
    assert eventually(lambda: len(runner.descendants) == 2)
    runner.process.kill()
    assert eventually(lambda: not runner.descendants)


def test_a_finished_job_is_still_there_with_its_events_and_weights(killed, start):
    _, (finished, *_), seen = killed
    runner = start("slow")
    assert runner.get(finished) == finished
    assert list(runner.watch(finished)) == seen[finished.job_id]
    for kind in (job_pb2.WEIGHTS_KIND_INITIAL, job_pb2.WEIGHTS_KIND_FINAL):
        answer = runner.stub.DownloadWeights(
            runner_service_pb2.DownloadWeightsRequest(job_id=finished.job_id, kind=kind)
        )
        saved = [e.weights_saved for e in seen[finished.job_id] if e.HasField("weights_saved")]
        assert answer.sha256 in [s.sha256 for s in saved if s.kind == kind]
    assert runner.train("finished", epochs=1).job_id == finished.job_id


def test_running_and_waiting_jobs_have_failed_and_keep_their_events(killed, start):
    _, (_, *unfinished), seen = killed
    runner = start("slow")
    for job in unfinished:
        ended = runner.get(job)
        assert ended.state == job_pb2.JOB_STATE_FAILED
        assert reason(ended.error) == "RUNNER_RESTARTED"
        assert ended.HasField("end_time")
        events = list(runner.watch(job))
        assert events[: len(seen[job.job_id])] == seen[job.job_id]
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        assert reason(events[-1].state_changed.error) == "RUNNER_RESTARTED"
        assert runner.get(job).last_sequence == len(events)
        after = list(runner.watch(job, after=len(events) - 1))
        assert after == events[-1:]


def test_the_job_lists_and_new_jobs_go_on_as_before(killed, start):
    _, jobs, _ = killed
    runner = start()
    new = runner.wait(runner.train(seed=1))
    assert new.state == job_pb2.JOB_STATE_SUCCEEDED
    listed = runner.stub.ListJobs(runner_service_pb2.ListJobsRequest()).jobs
    assert [job.job_id for job in listed] == [new.job_id, *(job.job_id for job in jobs[::-1])]


def test_half_a_line_that_was_being_written_is_dropped(killed, start):
    old, (_, running, _), seen = killed
    path = old.state_dir / "jobs" / running.job_id / "events.jsonl"
    whole = len(path.read_text().splitlines())
    with path.open("a") as file:
        file.write('{"sequence": "77", "steps_fin')
    runner = start()
    events = list(runner.watch(running))
    assert len(events) == whole + 1
    assert events[: len(seen[running.job_id])] == seen[running.job_id]
    assert reason(events[-1].state_changed.error) == "RUNNER_RESTARTED"
    assert all(json_format.Parse(line, job_pb2.JobEvent()) for line in runner.log(running))


def test_a_line_that_a_power_cut_left_without_sense_is_dropped(killed, start):
    old, (_, running, _), seen = killed
    path = old.state_dir / "jobs" / running.job_id / "events.jsonl"
    with path.open("ab") as file:
        file.write(bytes(100) + b"\n" + b'{"sequence": "99"}\n')
    runner = start()
    events = list(runner.watch(running))
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert events[: len(seen[running.job_id])] == seen[running.job_id]
    assert reason(events[-1].state_changed.error) == "RUNNER_RESTARTED"


def test_what_is_no_job_is_left_alone_and_named_in_the_log(killed, start):
    old, (finished, *_), _ = killed
    jobs = old.state_dir / "jobs"
    (jobs / "empty").mkdir()
    for name, content in {
        "not-json": b"garbage",
        "not-text": b"\xff\xfe",
        "not-a-job": b"[]",
        "another-job": json.dumps({"jobId": finished.job_id}).encode(),
        "unknown-field": b'{"colour": "blue"}',
    }.items():
        (jobs / name).mkdir()
        (jobs / name / "job.json").write_bytes(content)
    (jobs / "a-file").write_text("garbage")
    runner = start()
    listed = runner.stub.ListJobs(runner_service_pb2.ListJobsRequest()).jobs
    assert len(listed) == 3
    for name in ("empty", "not-json", "not-text", "not-a-job", "another-job", "a-file"):
        assert f"{name} is not a job and is left alone" in runner.stderr
        assert (jobs / name).exists()
