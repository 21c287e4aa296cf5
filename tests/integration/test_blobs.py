"""A client's data reach a real runner: whole, resumed, refused, and in little memory."""

import hashlib
import itertools
import os
import threading
import time
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from twinrun.v1 import runner_service_pb2

from tests.builders.runners import details, resident_bytes, small_spec
from tests.integration.fake_runner import LOOKS
from tests.waiting import HANG_SECONDS, eventually

MIB = 2**20
MOST_BYTES = 150 * 10**6  # of a runner's own process
CONTENT = bytes(range(256)) * 4096 * 3  # 3 MiB
SHA = hashlib.sha256(CONTENT).hexdigest()


def messages(content, offset=0, sha=SHA, size=None):
    size = len(content) if size is None else size
    first = {"sha256": sha, "size_bytes": size, "offset": offset}
    for start in range(offset, len(content), MIB):
        piece = content[start : start + MIB]
        yield runner_service_pb2.UploadBlobRequest(content=piece, **first)
        first = {}


def upload(runner, content=CONTENT, **given):
    return runner.stub.UploadBlob(messages(content, **given), timeout=HANG_SECONDS)


def found(runner, sha=SHA):
    return runner.stub.GetBlob(runner_service_pb2.GetBlobRequest(sha256=sha))


def reason(error):
    return details(error, error_details_pb2.ErrorInfo).reason


def of(runner):
    return runner.state_dir.parent / "data" / "blobs"


def test_a_blob_is_whole_for_every_runner_of_the_data_directory(start):
    one, other = start(name="one"), start(name="other")
    answer = upload(one)
    assert answer == runner_service_pb2.Blob(
        sha256=SHA, size_bytes=len(CONTENT), received_bytes=len(CONTENT), whole=True
    )
    assert found(other) == answer
    assert (of(one) / SHA).read_bytes() == CONTENT


def test_a_cut_upload_resumes_where_it_was_even_after_a_restart(start):
    runner = start()
    go = threading.Event()

    def stalling():
        yield from itertools.islice(messages(CONTENT), 2)
        go.wait()

    call = runner.stub.UploadBlob.future(stalling())
    part = of(runner) / f"{SHA}.part"
    assert eventually(lambda: part.exists() and part.stat().st_size == 2 * MIB)
    call.cancel()
    go.set()
    assert eventually(lambda: found(runner).received_bytes == 2 * MIB)
    assert not found(runner).whole
    runner.stop()
    runner = start()
    offset = found(runner).received_bytes
    assert offset == 2 * MIB
    assert upload(runner, offset=offset).whole
    assert "Traceback" not in runner.stderr


def test_the_second_of_two_uploads_at_once_is_told_and_finds_all_afterwards(start):
    runner = start()
    go = threading.Event()

    def slowly():
        given = messages(CONTENT)
        yield next(given)
        go.wait()
        yield from given

    first = runner.stub.UploadBlob.future(slowly())
    assert eventually((of(runner) / f"{SHA}.part").exists)
    with pytest.raises(grpc.RpcError) as caught:
        upload(runner)
    assert reason(caught.value) == "RUNNER_BUSY"
    assert details(caught.value, error_details_pb2.RetryInfo).retry_delay.seconds > 0
    go.set()
    assert first.result().whole
    assert upload(runner).whole


def test_content_of_another_digest_is_refused_by_the_fields_name(start):
    runner = start()
    with pytest.raises(grpc.RpcError) as caught:
        upload(runner, content=CONTENT[::-1])
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    bad = details(caught.value, error_details_pb2.BadRequest)
    assert [each.field for each in bad.field_violations] == ["sha256"]
    assert found(runner).received_bytes == 0


@pytest.mark.parametrize("sha", ["", "../" * 20 + "etc/passwd", SHA.upper(), "0" * 65])
def test_a_name_that_is_no_digest_is_refused_in_both_calls(start, sha):
    runner = start()
    for call in (lambda: upload(runner, sha=sha), lambda: found(runner, sha)):
        with pytest.raises(grpc.RpcError) as caught:
            call()
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_an_empty_stream_and_messages_that_say_it_again_are_refused(start):
    runner = start()
    wrong = ([], [*messages(CONTENT)][:1] * 2)
    for given in wrong:
        with pytest.raises(grpc.RpcError) as caught:
            runner.stub.UploadBlob(iter(given))
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_what_exceeds_the_limit_is_refused_and_the_least_recently_used_makes_room(start):
    runner = start("good", "--blob-limit", "1")
    with pytest.raises(grpc.RpcError) as caught:
        upload(runner, size=10**9 + 1)
    assert reason(caught.value) == "DISK_FULL"
    assert "--blob-limit" in caught.value.details()
    old = of(runner) / ("0" * 64)
    with old.open("wb") as file:
        file.truncate(10**9)  # takes no space
    with pytest.raises(grpc.RpcError):
        upload(runner)  # it was used just now
    os.utime(old, (time.time() - 2 * 86_400,) * 2)
    assert upload(runner).whole
    assert not old.exists()


def test_a_job_without_its_data_is_refused_also_when_it_is_only_validated(start, monkeypatch):
    monkeypatch.setenv(LOOKS, "1")
    runner = start()
    arrays = {
        "sha256": SHA,
        "size_bytes": len(CONTENT),
        "train_samples": 100,
        "test_samples": 20,
        "shape": [4],
        "targets": "TARGET_KIND_CLASS",
        "outputs": 10,
    }
    job = {"dataset": {"name": "iris", "arrays": arrays}, "layers": [{"dense": {"units": 10}}]}
    only = runner_service_pb2.TrainRequest(spec=small_spec(**job), validate_only=True)
    for call in (lambda: runner.train(**job), lambda: runner.stub.Train(only)):
        with pytest.raises(grpc.RpcError) as caught:
            call()
        assert reason(caught.value) == "DATA_UNAVAILABLE"
        assert "uploads them before the job" in caught.value.details()
    upload(runner)
    assert runner.stub.Train(only).spec.dataset.arrays.sha256 == SHA
    assert runner.train(**job).job_id


@pytest.mark.skipif(not Path("/proc").exists(), reason="asks /proc")
def test_two_hundred_megabytes_pass_through_little_memory(start):
    runner = start()
    content = os.urandom(200 * 10**6)
    sha = hashlib.sha256(content).hexdigest()
    largest = 0

    def watched():
        nonlocal largest
        for message in messages(content, sha=sha):
            yield message
            largest = max(largest, resident_bytes(runner))

    assert runner.stub.UploadBlob(watched(), timeout=HANG_SECONDS).whole
    assert max(largest, resident_bytes(runner)) < MOST_BYTES
