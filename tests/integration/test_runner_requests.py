"""Requests that a runner refuses, by the name of the field; and what each answer holds."""

import hashlib

import grpc
import pytest
from google.rpc import error_details_pb2
from twinrun.v1 import job_pb2, runner_service_pb2

from tests.builders.runners import details, runners, small_spec


@pytest.fixture(scope="module")
def runner(tmp_path_factory):
    """One for all: none of these requests does anything to it."""
    with runners(tmp_path_factory.mktemp("requests")) as start:
        yield start()


def refused(call, *arguments, **fields) -> dict[str, str]:
    """What the runner says of each field."""
    with pytest.raises(grpc.RpcError) as caught:
        _answer(call(*arguments, **fields))
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert details(caught.value, error_details_pb2.ErrorInfo).reason == "INVALID_REQUEST"
    found = details(caught.value, error_details_pb2.BadRequest).field_violations
    return {violation.field: violation.description for violation in found}


def _answer(call_or_answer):
    """A stream fails only when it is read."""
    return list(call_or_answer) if hasattr(call_or_answer, "__next__") else call_or_answer


@pytest.mark.parametrize("request_id", ["../up", "two words", "a" * 65, "é", "line\n", "id\0"])
def test_a_request_id_with_other_characters_is_refused(runner, request_id):
    before = list((runner.state_dir / "jobs").iterdir())
    said = refused(runner.train, request_id=request_id)
    assert ascii(request_id) in said["request_id"]
    assert list((runner.state_dir / "jobs").iterdir()) == before


def test_fields_out_of_range_are_refused_by_name_and_value(runner):
    job = runner.wait(runner.train())
    pb, stub = runner_service_pb2, runner.stub
    asked = {
        "page_size": (stub.ListJobs, pb.ListJobsRequest(page_size=-1)),
        "page_token": (stub.ListJobs, pb.ListJobsRequest(page_token="../x\n")),
        "after_sequence": (
            stub.WatchJob,
            pb.WatchJobRequest(job_id=job.job_id, after_sequence=-1),
        ),
        "kind": (stub.DownloadWeights, pb.DownloadWeightsRequest(job_id=job.job_id, kind=9)),
        "offset": (stub.DownloadWeights, pb.DownloadWeightsRequest(job_id=job.job_id, offset=-1)),
        "weights": (stub.Evaluate, pb.EvaluateRequest(spec=small_spec())),
    }
    said = {field: refused(call, request) for field, (call, request) in asked.items()}
    assert {field: list(found) for field, found in said.items()} == {f: [f] for f in asked}
    assert said["page_size"]["page_size"] == "is -1; it must be from 0 to 1000"
    assert "'../x\\n'" in said["page_token"]["page_token"]
    assert "is 9" in said["kind"]["kind"]
    assert refused(stub.ListJobs, pb.ListJobsRequest(page_size=1001)).keys() == {"page_size"}
    beyond = pb.DownloadWeightsRequest(job_id=job.job_id, offset=2**40)
    assert refused(stub.DownloadWeights, beyond).keys() == {"offset"}


def test_watching_from_beyond_the_end_tells_nothing_and_ends(runner):
    job = runner.wait(runner.train())
    assert list(runner.watch(job, after=10_000)) == []


def test_an_empty_request_is_told_all_that_it_lacks(runner):
    said = refused(runner.stub.Train, runner_service_pb2.TrainRequest())
    assert said.keys() == {"dataset", "layers", "optimizer"}


def test_more_bad_fields_than_a_status_holds_are_told_in_part_with_their_number(runner):
    layer = {"dense": {"units": -1, "kernel_initializer": {"normal": {"stddev": -1}}}}
    said = refused(runner.train, epochs=0, layers=[layer] * 900)
    assert said["epochs"] == "is 0; it must be from 1 to 10000"
    named = len(said) - 1
    assert named > 10
    assert said["spec"] == f"has {1801 - named} more bad fields beside those named before"


@pytest.mark.parametrize("name", ["x" * 100_000, "é" * 3_000, "../../etc", "mnist\0"])
def test_a_bad_name_is_told_whatever_its_length(runner, name):
    said = refused(runner.train, dataset={"name": name})
    assert said["dataset.name"].startswith("is '")


def test_too_many_layers_are_refused_before_each_is_read(runner):
    said = refused(runner.train, layers=[{"dense": {}}] * 1001)
    assert said == {"layers": "has 1001 layers; at most 1000 are taken"}


def test_the_first_job_beyond_the_backlog_is_refused_and_an_idle_runner_takes_one(start):
    runner = start("blocks", "--backlog", "0")
    job = runner.train()
    with pytest.raises(grpc.RpcError) as caught:
        runner.train()
    assert details(caught.value, error_details_pb2.ErrorInfo).reason == "RUNNER_BUSY"
    runner.cancel(job)
    runner.wait(job)
    assert runner.wait(runner.train(seed=1)).state == job_pb2.JOB_STATE_SUCCEEDED


def test_old_jobs_go_when_there_are_more_than_are_kept(start):
    runner = start("good", "--keep", "2")
    jobs = [runner.wait(runner.train(epochs=1)) for _ in range(4)]
    listed = runner.stub.ListJobs(runner_service_pb2.ListJobsRequest()).jobs
    assert [job.job_id for job in listed] == [job.job_id for job in jobs[:0:-1]]
    assert len(list((runner.state_dir / "jobs").iterdir())) == 3
    with pytest.raises(grpc.RpcError) as caught:
        runner.get(jobs[0])
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_every_piece_of_the_weights_names_the_hash_of_the_whole(runner):
    job = runner.wait(runner.train())
    content = b""
    for offset in (0, 100, 3000):
        answer = runner.stub.DownloadWeights(
            runner_service_pb2.DownloadWeightsRequest(job_id=job.job_id, offset=offset)
        )
        content = content[:offset] + answer.chunk
        assert hashlib.sha256(content).hexdigest() == answer.sha256
        assert answer.total_bytes == len(content)
