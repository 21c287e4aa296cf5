"""The orchestrator sends a runner the data of a job, once, and is not led astray by its answers."""

import hashlib
from contextlib import closing

import pytest
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status
from twinrun.v1 import job_pb2, runner_service_pb2, runner_service_pb2_grpc

from orchestrator.data.place import blob_directory
from orchestrator.errors import BadInput, OrchestratorError, WrongRunner
from orchestrator.runners import uploading
from orchestrator.runners.client import Client
from orchestrator.runners.uploading import Uploads
from orchestrator.runners.wire import Wire
from tests.builders.lying import serving
from tests.builders.runners import small_spec

CONTENT = bytes(range(256)) * 8192  # 2 MiB
SHA = hashlib.sha256(CONTENT).hexdigest()
SIZE = len(CONTENT)
Blob = runner_service_pb2.Blob


def spec(sha=SHA, size=SIZE):
    arrays = job_pb2.Arrays(
        sha256=sha,
        size_bytes=size,
        train_samples=100,
        test_samples=20,
        shape=[4],
        targets=job_pb2.TARGET_KIND_CLASS,
        outputs=10,
    )
    job = small_spec(dataset={"name": "mine"}, layers=[{"dense": {"units": 10}}])
    job.dataset.arrays.CopyFrom(arrays)
    return job


@pytest.fixture
def here(monkeypatch, tmp_path):
    """The blob lies in this machine's own data directory."""
    monkeypatch.setenv("TWINRUN_DATA_DIR", str(tmp_path / "own"))
    monkeypatch.setattr(uploading, "_CALL_BYTES", 2**20)
    monkeypatch.setattr(uploading, "_PAUSE_SECONDS", 0.0)
    path = blob_directory() / SHA
    path.write_bytes(CONTENT)
    return path


def test_a_real_runner_gets_the_data_before_the_job_is_validated_and_only_once(
    start, here, monkeypatch
):
    runner = start()
    with closing(Client("pytorch", runner.address)) as client:
        whole = client.validate(spec())
        assert whole.dataset.arrays.sha256 == SHA
        there = runner.state_dir.parent / "data/blobs" / SHA
        assert there.read_bytes() == CONTENT
        here.unlink()
        client.train(whole, "")  # asks no more
    with closing(Client("pytorch", runner.address)) as client:
        client.validate(spec())  # it is there already


def test_data_that_nobody_has_is_a_sentence(start, here):
    here.write_bytes(CONTENT[:-1])
    runner = start()
    with (
        closing(Client("pytorch", runner.address)) as client,
        pytest.raises(BadInput, match="have Twinrun read the file again"),
    ):
        client.validate(spec())


class Fake(runner_service_pb2_grpc.RunnerServiceServicer):
    """A runner that keeps blobs in memory, and changes what it answers."""

    def __init__(self, asked=lambda blob: blob, sent=lambda blob: blob, fails=()):
        self.content, self.calls = b"", 0
        self._asked, self._sent, self._fails = asked, sent, list(fails)

    def _blob(self):
        whole = self.content == CONTENT
        size = SIZE if whole else 0
        return Blob(sha256=SHA, size_bytes=size, received_bytes=len(self.content), whole=whole)

    def GetBlob(self, request, context):  # noqa: N802
        self.calls += 1
        return self._asked(self._blob())

    def UploadBlob(self, requests, context):  # noqa: N802
        self.calls += 1
        for request in requests:
            self.content += request.content
            if self._fails:
                failure = self._fails.pop(0)
                if failure.code == code_pb2.INVALID_ARGUMENT:
                    self.content = b""
                context.abort_with_status(rpc_status.to_status(failure))
        return self._sent(self._blob())


def send(fake, tell=lambda _: None):
    with serving(fake) as address:
        wire = Wire("pytorch", address)
        with closing(wire):
            uploads = Uploads(wire, tell)
            uploads.send(spec())
            uploads.send(spec())


def status(code, reason="", field=""):
    made = status_pb2.Status(code=code, message="no")
    if reason:
        made.details.add().Pack(error_details_pb2.ErrorInfo(reason=reason, domain="twinrun"))
    if field:
        bad = error_details_pb2.BadRequest()
        bad.field_violations.add(field=field, description="is wrong")
        made.details.add().Pack(bad)
    return made


def test_two_calls_send_two_mebibytes_and_a_second_job_sends_none(here):
    fake = Fake()
    send(fake)
    assert (fake.content, fake.calls) == (CONTENT, 3)


def test_cuts_and_other_clients_only_delay_it(here):
    cut, busy = status(code_pb2.UNAVAILABLE), status(code_pb2.UNAVAILABLE, "RUNNER_BUSY")
    fake = Fake(fails=[cut, busy])
    send(fake)
    assert fake.content == CONTENT


def test_what_another_client_began_with_other_bytes_is_begun_anew_once(here):
    fake = Fake(fails=[status(code_pb2.INVALID_ARGUMENT, field="sha256")])
    fake.content = b"other"
    send(fake)
    assert fake.content == CONTENT
    fake = Fake(fails=[status(code_pb2.INVALID_ARGUMENT, field="sha256")] * 2)
    fake.content = b"other"
    with pytest.raises(BadInput, match="sha256"):
        send(fake)


def test_what_takes_long_is_told(here, monkeypatch):
    monkeypatch.setattr(uploading, "_TOLD_BYTES", 10**6)
    told = []
    send(Fake(), told.append)
    assert told == ["Sending 2 MB to pytorch"]


def changed(**fields):
    def change(blob):
        for name, value in fields.items():
            setattr(blob, name, value)
        return blob

    return change


@pytest.mark.parametrize(
    ("lie", "says"),
    [
        ({"asked": changed(received_bytes=SIZE + 1)}, "received_bytes"),
        ({"asked": changed(received_bytes=-1)}, "received_bytes"),
        ({"asked": changed(whole=True)}, "received_bytes"),
        ({"asked": changed(whole=True, received_bytes=SIZE, size_bytes=1)}, "size_bytes"),
        ({"asked": changed(sha256="0" * 64)}, "sha256"),
        ({"asked": changed(size_bytes=SIZE + 1)}, "size_bytes"),
        ({"sent": changed(received_bytes=0, whole=False)}, "received_bytes"),
        ({"sent": changed(received_bytes=SIZE, whole=False)}, "received_bytes"),
        ({"sent": changed(whole=False)}, "whole"),
        ({"sent": changed(whole=True)}, "received_bytes"),
        ({"sent": changed(sha256="\x1b[2J")}, "sha256"),
    ],
)
def test_lies_about_what_was_received_end_in_a_sentence(here, lie, says):
    with pytest.raises(WrongRunner, match=rf"impossible answer: {says}"):
        send(Fake(**lie))


def test_a_runner_that_shrinks_is_refused(here):
    sizes = iter([2**20, 5])

    def shrinking(blob):
        return changed(received_bytes=next(sizes))(blob)

    fake = Fake(shrinking, fails=[status(code_pb2.UNAVAILABLE)])
    with pytest.raises(WrongRunner, match="received_bytes is 5"):
        send(fake)


@pytest.mark.parametrize("field", ["", "offset", "sha256", "size_bytes"])
def test_a_runner_that_refuses_for_ever_ends_it(here, field):
    code = code_pb2.INVALID_ARGUMENT if field else code_pb2.UNAVAILABLE
    fake = Fake(changed(received_bytes=0), fails=[status(code, field=field)] * 100)
    with pytest.raises(OrchestratorError):
        send(fake)
    assert fake.calls < 20


def test_a_runner_that_is_busy_for_ever_ends_it(here, monkeypatch):
    monkeypatch.setattr(uploading, "_SECONDS", 0.0)
    monkeypatch.setattr(uploading, "_LEAST_RATE", 10**9)
    busy = status(code_pb2.UNAVAILABLE, "RUNNER_BUSY")
    with pytest.raises(OrchestratorError):
        send(Fake(changed(received_bytes=0), fails=[busy] * 100))
