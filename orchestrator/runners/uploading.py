"""Sends a runner the data that its jobs need, over connections that may break."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
from twinrun.contract.reasons import Reason
from twinrun.v1 import job_pb2, runner_service_pb2

from orchestrator.data.place import blob_directory
from orchestrator.errors import BadInput, CannotRun, Refused
from orchestrator.gate import answers
from orchestrator.gate.answers import Stored
from orchestrator.gate.status import details
from orchestrator.language.phrases import Phrase, english, say
from orchestrator.language.words import memory
from orchestrator.runners.wire import Wire

_SENDING = Phrase("Sending {size} to {framework}")
_NOT_HERE = Phrase(
    "The {framework} runner at {address} lacks the data {sha256} of this job, and {directory} does "
    "not have them whole either: have Twinrun read the file again, with the same workload."
)
_MESSAGE_BYTES = 2**20
_CALL_BYTES = 64 * 2**20  # one after another: each is answered, and what came is known
_TOLD_BYTES = 20 * 10**6
_TRIES = 5  # without another byte
_PAUSE_SECONDS = 0.5
_SECONDS, _LEAST_RATE = 300.0, 250_000  # bytes a second, for a whole blob
_AGAIN = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}


class Uploads:
    """What the runner of ``wire`` has been sent; ``tell`` receives what takes long."""

    def __init__(self, wire: Wire, tell: Callable[[str], None]) -> None:
        self._wire = wire
        self._tell = tell
        self._whole: set[str] = set()

    def send(self, spec: job_pb2.JobSpec) -> None:
        """Send the job's files: its arrays, its code, values of its layers; those the runner lacks.

        Raises BadInput: they are not here; RunnerUnavailable; WrongRunner.
        """
        for stored in _needed(spec):
            if stored.sha256 not in self._whole:
                _Upload(self._wire, self._tell, stored).run()
                self._whole.add(stored.sha256)


def _needed(spec: job_pb2.JobSpec) -> Iterator[Stored]:
    for holder, field in (
        (spec.dataset, "arrays"),
        (spec.code, "files"),
        (spec.code, "initial"),
        (spec.code, "returned"),
    ):
        if holder.HasField(field):
            yield getattr(holder, field)


class _Upload:
    """The upload of one blob; ``received``: how many of its bytes the runner has."""

    def __init__(self, wire: Wire, tell: Callable[[str], None], stored: Stored) -> None:
        self._wire = wire
        self._tell = tell
        self._stored = stored
        self._received = 0
        self._resumes = self._anew = False
        self._tries = 0
        self._told = False
        self._due = time.monotonic() + _SECONDS + stored.size_bytes / _LEAST_RATE

    def run(self) -> None:
        call = self._ask
        while True:
            before = self._received
            try:
                with self._wire.told():
                    whole = call()
            except grpc.RpcError as error:
                self._bear(error)
                call = self._ask
                continue
            if whole:
                return
            if self._received > before:
                self._tries = 0
            call = self._send

    def _ask(self) -> bool:
        """Ask what the runner has; return whether that is all."""
        request = runner_service_pb2.GetBlobRequest(sha256=self._stored.sha256)
        blob = self._wire.stub.GetBlob(request, timeout=self._wire.seconds)
        answers.check_blob(self._wire.gates.origin(), self._stored, blob, self._received)
        self._received = blob.received_bytes
        self._resumes = self._resumes or self._received > 0
        return bool(blob.whole)

    def _send(self) -> bool:
        """Send the next bytes; return whether the runner has all."""
        path, left = self._path(), self._stored.size_bytes - self._received
        if left > _TOLD_BYTES and not self._told:
            self._tell(say(_SENDING, size=memory(left), framework=self._wire.framework))
            self._told = True
        end = self._received + min(left, _CALL_BYTES)
        blob = self._wire.stub.UploadBlob(self._messages(path, end), timeout=self._wire.seconds)
        answers.check_sent(self._wire.gates.origin(), self._stored, blob, end)
        self._received = end
        return bool(blob.whole)

    def _messages(self, path: Path, end: int) -> Iterator[runner_service_pb2.UploadBlobRequest]:
        """Yield what takes the blob from what was received to ``end``."""
        start, stored = self._received, self._stored
        request = runner_service_pb2.UploadBlobRequest(
            sha256=stored.sha256, size_bytes=stored.size_bytes, offset=start
        )
        with path.open("rb") as file:
            file.seek(start)
            while True:
                request.content = file.read(min(_MESSAGE_BYTES, end - start))
                yield request
                start += len(request.content)
                if start >= end or not request.content:
                    return
                request = runner_service_pb2.UploadBlobRequest()

    def _path(self) -> Path:
        """Return where the blob is here. Raises BadInput: it is not, or has another size."""
        directory = blob_directory()
        path = directory / self._stored.sha256
        if not path.is_file() or path.stat().st_size != self._stored.size_bytes:
            names = {**self._wire.names, "sha256": self._stored.sha256[:12]}
            raise BadInput(english(_NOT_HERE, **names, directory=directory))
        return path

    def _bear(self, error: grpc.RpcError) -> None:
        """Wait after a failed call that may be repeated; else raise what it is to the user."""
        refusal = details(error)
        busy = refusal.reason == Reason.RUNNER_BUSY  # another client sends the same
        self._tries += not busy
        fields = {field for field, _ in refusal.fields}
        again = error.code() in _AGAIN or "offset" in fields
        if "sha256" in fields and self._resumes and not self._anew:
            # Somebody began it with other bytes, which are gone now.
            self._received, self._anew, again = 0, True, True
        if not again or self._tries == _TRIES or time.monotonic() > self._due:
            try:
                self._wire.refuse(error)
            except Refused:
                raise
            except BadInput as refused:  # the runner cannot keep the data; another job may run
                raise CannotRun(refused.message) from error
        self._wire.pause(max(refusal.retry_seconds, _PAUSE_SECONDS))
