"""One runner over gRPC: deadlines, retries, reattaching. The only file that touches stubs."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from twinrun.v1 import job_pb2, runner_service_pb2, runner_service_pb2_grpc

from orchestrator.errors import (
    BadInput,
    JobFailed,
    OrchestratorError,
    Refused,
    RunnerUnavailable,
    WrongRunner,
)
from orchestrator.language import Phrase, Sentence, english
from orchestrator.silence import Limit
from orchestrator.words import OF

_OTHER_FRAMEWORK = Phrase(
    "The runner at {address} runs {found}, not {framework}: give the address of a {framework} "
    "runner."
)
_OTHER_VERSION = Phrase(
    "The {framework} runner at {address} speaks version {theirs} of the protocol (Twinrun "
    "{version}), this orchestrator version {ours}: update the older of the two."
)
_LOST_MIDWAY = Phrase(
    "The {framework} runner at {address} is gone in the middle of the job {job_id}. What it had "
    "reported is kept; once it runs again, 'orchestrator watch {job_id}' tells how the job ended."
)
_HANGS = Phrase(
    "The {framework} runner at {address} hangs: in the middle of the job {job_id} it told nothing "
    "for {seconds:g} s, nor when it was asked again. What it had reported is kept."
)
_NOT_IN_TIME = Phrase(
    "The {framework} runner at {address} did not end the job {job_id} in time; it is not waited "
    "for any longer."
)
_SAYS = Phrase("The {framework} runner at {address}: {details}")
_NO_ANSWER = Phrase(
    "The {framework} runner at {address} does not answer ({details}). Start it with "
    "'make serve-{framework}' or, in a container, 'make up-{framework}', or leave the address out "
    "to have one started."
)
_NO_RUNNER = Phrase("What answers at {address} is no Twinrun runner, or one of another version.")
_CHANGED = Phrase(
    "A file of {job_id} came from {address} with another SHA-256 than the runner said; run the "
    "command again."
)
_REFUSES = Phrase("The {framework} runner at {address} refused: {details}")
_FAILED = Phrase("The {framework} runner at {address} failed: {code}: {details}")
PROTOCOL_VERSION = 1
_CALL_SECONDS = 20.0
_REATTACH_SECONDS = 10.0  # for a runner to come back in the middle of a job
_PAUSE_SECONDS = 0.5
# Without a word, even a heartbeat, after which a runner is asked whether it lives. Long, since a
# machine may be overloaded.
_SILENT_SECONDS = 60.0
_EXIT_SECONDS = 2.0  # for a process that closed its connections to be seen to have ended
_CODES = grpc.StatusCode
_LOST = {_CODES.UNAVAILABLE, _CODES.DEADLINE_EXCEEDED, _CODES.UNKNOWN, _CODES.INTERNAL}


@dataclass(frozen=True, slots=True)
class _Details:
    """What a status carries beside its code and message."""

    reason: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    retry_seconds: float = 0.0


class _Silent(Exception):
    """A stream told nothing for too long."""


class Client:
    """Calls the runner of ``framework`` at ``address`` (HOST:PORT).

    Methods raise RunnerUnavailable where it cannot be reached, BadInput for what it refuses.
    ``own``: a process that was started here, whose end `ended` tells.
    """

    def __init__(self, framework: str, address: str, *, own: bool = False) -> None:
        self.framework = framework
        self.address = address
        self._own = own
        self._gone = threading.Event()
        self._why: Sentence | None = None  # it has gone
        self._limit = Limit()
        self._channel = grpc.insecure_channel(
            address,
            options=[
                ("grpc.max_send_message_length", -1),  # the runner's limit is what counts
                ("grpc.initial_reconnect_backoff_ms", 200),
                ("grpc.max_reconnect_backoff_ms", 1000),
                ("grpc.enable_http_proxy", 0),
            ],
        )
        self._stub = runner_service_pb2_grpc.RunnerServiceStub(self._channel)

    def close(self) -> None:
        self._channel.close()

    def ended(self, why: Sentence) -> None:
        """Its runner has ended for good: what was asked of it ends at once, with ``why``."""
        self._why = why
        self._gone.set()
        self._channel.close()

    def limit(self, seconds: float) -> None:
        """Wait no longer than so from now on, all calls together; `math.inf`: as before."""
        self._limit.set(seconds)

    def info(self, timeout: float | None = None) -> runner_service_pb2.GetServerInfoResponse:
        """Who answers; raises RunnerUnavailable too where it is not who it should be."""
        request = runner_service_pb2.GetServerInfoRequest()
        info: runner_service_pb2.GetServerInfoResponse = self._call(
            self._stub.GetServerInfo, request, timeout=timeout
        )
        if info.framework != self.framework:
            raise WrongRunner(english(_OTHER_FRAMEWORK, **self._names, found=info.framework))
        if info.protocol_version != PROTOCOL_VERSION:
            raise WrongRunner(
                english(
                    _OTHER_VERSION,
                    **self._names,
                    theirs=info.protocol_version,
                    version=info.version,
                    ours=PROTOCOL_VERSION,
                )
            )
        return info

    def environment(self) -> job_pb2.Environment:
        """Where jobs run; waits for the framework's first import. Raises JobFailed if it failed."""
        while True:
            info = self.info()
            if info.HasField("import_error"):
                raise JobFailed(english(OF, name=self.framework, what=info.import_error.message))
            if info.HasField("environment"):
                return info.environment
            time.sleep(_PAUSE_SECONDS)

    def validate(self, spec: job_pb2.JobSpec) -> job_pb2.JobSpec:
        """The spec with every default filled in; raises BadInput with every bad field."""
        request = runner_service_pb2.TrainRequest(spec=spec, validate_only=True)
        job: job_pb2.Job = self._call(self._stub.Train, request)
        return job.spec

    def train(self, spec: job_pb2.JobSpec, request_id: str) -> job_pb2.Job:
        """Submit a job; waits while the runner's queue is full."""
        request = runner_service_pb2.TrainRequest(request_id=request_id, spec=spec)
        return self._submit(self._stub.Train, request)

    def evaluate(self, spec: job_pb2.JobSpec, weights: bytes, request_id: str) -> job_pb2.Job:
        """Submit an evaluation of ``weights``, a safetensors file; waits as `train` does."""
        request = runner_service_pb2.EvaluateRequest(
            request_id=request_id, spec=spec, safetensors=weights
        )
        return self._submit(self._stub.Evaluate, request)

    def measure(self, spec: job_pb2.JobSpec, request_id: str) -> job_pb2.Job:
        """Submit a job that measures what the machine can do, and return it."""
        request = runner_service_pb2.MeasureRequest(request_id=request_id, spec=spec)
        return self._submit(self._stub.Measure, request)

    def summarize(self, spec: job_pb2.JobSpec, request_id: str) -> job_pb2.Job:
        """Submit a job that tells the model's layers, and return it."""
        request = runner_service_pb2.SummarizeRequest(request_id=request_id, spec=spec)
        return self._submit(self._stub.Summarize, request)

    def preview(self, spec: job_pb2.JobSpec, request_id: str) -> job_pb2.Job:
        """Submit a job that shows what becomes of training images, and return it."""
        request = runner_service_pb2.PreviewRequest(request_id=request_id, spec=spec)
        return self._submit(self._stub.Preview, request)

    def watch(
        self, job_id: str, after: int = 0, reattach_seconds: float = _REATTACH_SECONDS
    ) -> Iterator[job_pb2.JobEvent]:
        """Events to the job's end; taken up again where the connection was lost for so long."""
        lost_since = None
        beats, silences = False, 0  # a runner of an earlier version sends no heartbeats
        while True:
            try:
                for event in self._stream(job_id, after):
                    lost_since, silences = None, 0
                    if event.HasField("heartbeat"):
                        beats = True
                    else:
                        after = event.sequence
                        yield event
            except _Silent as error:
                silences += 1
                if (beats and silences > 1) or not self._answers(job_id):
                    raise self._lost(_HANGS, job_id, seconds=_SILENT_SECONDS) from error
            except grpc.RpcError as error:
                if error.code() not in _LOST:
                    self._refuse(error)
                lost_since = lost_since or time.monotonic()
                if time.monotonic() - lost_since >= reattach_seconds:
                    raise self._lost(_LOST_MIDWAY, job_id) from error
                self._gone.wait(_PAUSE_SECONDS)
            else:
                return

    def _stream(self, job_id: str, after: int) -> Iterator[job_pb2.JobEvent]:
        """What comes on one connection. Raises _Silent, RpcError, RunnerUnavailable."""
        request = runner_service_pb2.WatchJobRequest(job_id=job_id, after_sequence=after)
        with self._told():
            stream = self._stub.WatchJob(request)
        with self._limit.over(stream, _SILENT_SECONDS) as watch:
            try:
                with self._told():
                    for event in stream:
                        watch.heard()
                        yield event
            except grpc.RpcError as error:
                if self._limit.left == 0:
                    raise self._lost(_NOT_IN_TIME, job_id) from error
                if watch.silent:
                    raise _Silent from error
                raise

    def job(self, job_id: str) -> job_pb2.Job:
        request = runner_service_pb2.GetJobRequest(job_id=job_id)
        job: job_pb2.Job = self._call(self._stub.GetJob, request)
        return job

    def jobs(self, page_size: int = 0) -> Iterator[job_pb2.Job]:
        """All jobs, newest first; so many are asked for at once, 0: as many as the runner likes."""
        token = ""
        while True:
            request = runner_service_pb2.ListJobsRequest(page_size=page_size, page_token=token)
            page: runner_service_pb2.ListJobsResponse = self._call(self._stub.ListJobs, request)
            yield from page.jobs
            token = page.next_page_token
            if not token:
                return

    def cancel(self, job_id: str) -> job_pb2.Job:
        request = runner_service_pb2.CancelJobRequest(job_id=job_id)
        job: job_pb2.Job = self._call(self._stub.CancelJob, request)
        return job

    def weights(self, job_id: str, kind: job_pb2.WeightsKind) -> bytes:
        """A safetensors file, its SHA-256 checked."""
        request = runner_service_pb2.DownloadWeightsRequest(job_id=job_id, kind=kind)
        return self._download(self._stub.DownloadWeights, request)

    def logits(self, job_id: str) -> bytes:
        """A safetensors file of logits and labels of the test samples, its SHA-256 checked."""
        request = runner_service_pb2.DownloadLogitsRequest(job_id=job_id)
        return self._download(self._stub.DownloadLogits, request)

    def _download(self, method: Callable[..., Any], request: Any) -> bytes:
        content = bytearray()
        while True:
            request.offset = len(content)
            piece = self._call(method, request)
            content += piece.chunk
            if len(content) >= piece.total_bytes or not piece.chunk:
                break
        if hashlib.sha256(content).hexdigest() != piece.sha256:
            raise RunnerUnavailable(english(_CHANGED, job_id=request.job_id, address=self.address))
        return bytes(content)

    def _submit(self, method: Callable[..., Any], request: Message) -> job_pb2.Job:
        while True:
            try:
                with self._told():
                    job: job_pb2.Job = method(
                        request, timeout=min(_CALL_SECONDS, self._limit.left), wait_for_ready=True
                    )
            except grpc.RpcError as error:
                details = _details(error)
                if details.reason != "RUNNER_BUSY":
                    self._refuse(error)
                self._gone.wait(max(details.retry_seconds, _PAUSE_SECONDS))
            else:
                return job

    def _call(
        self, method: Callable[..., Any], request: Message, timeout: float | None = None
    ) -> Any:
        try:
            with self._told():
                seconds = min(timeout or _CALL_SECONDS, self._limit.left)
                return method(request, timeout=seconds)
        except grpc.RpcError as error:
            self._refuse(error)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Raises RunnerUnavailable where what fails in the block does so for its runner's end."""
        try:
            yield
        except (grpc.RpcError, ValueError) as error:  # ValueError: of a channel that was closed
            lost = isinstance(error, grpc.RpcError) and error.code() is _CODES.UNAVAILABLE
            if self._own and lost:
                self._gone.wait(_EXIT_SECONDS)
            if self._why is not None:
                raise RunnerUnavailable(self._why) from error
            raise

    def _answers(self, job_id: str) -> bool:
        try:
            self.job(job_id)
        except RunnerUnavailable:
            return False
        return True

    def _lost(self, phrase: Phrase, job_id: str, **values: object) -> RunnerUnavailable:
        return RunnerUnavailable(english(phrase, **self._names, job_id=job_id, **values))

    def _refuse(self, error: Any) -> NoReturn:
        raise self._error(error) from error

    @property
    def _names(self) -> dict[str, str]:
        return {"framework": self.framework, "address": self.address}

    def _error(self, error: Any) -> OrchestratorError:
        """What the call's failure is to the user."""
        code, details = error.code(), _details(error)
        told = {**self._names, "details": error.details()}
        if details.fields:
            return Refused(details.fields)
        if code in (_CODES.UNAVAILABLE, _CODES.DEADLINE_EXCEEDED):
            if details.reason:
                return RunnerUnavailable(english(_SAYS, **told))
            return RunnerUnavailable(english(_NO_ANSWER, **told))
        if code is _CODES.UNIMPLEMENTED:
            return WrongRunner(english(_NO_RUNNER, **told))
        if details.reason or code is _CODES.RESOURCE_EXHAUSTED:
            return BadInput(english(_REFUSES, **told))
        return RunnerUnavailable(english(_FAILED, **told, code=code.name))


def _details(error: Any) -> _Details:
    try:
        status = rpc_status.from_call(error)
    except ValueError:  # the details do not belong to the code
        status = None
    if status is None:
        return _Details()
    info = error_details_pb2.ErrorInfo()
    bad = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    for detail in status.details:
        for kind in (info, bad, retry):
            detail.Unpack(kind)
    return _Details(
        info.reason,
        tuple((v.field, v.description) for v in bad.field_violations),
        retry.retry_delay.ToMilliseconds() / 1000,
    )
