"""One runner over gRPC: deadlines, retries, reattaching. The only file that touches stubs."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, NoReturn

import grpc
from google.protobuf.message import Message
from twinrun.v1 import job_pb2, runner_service_pb2, runner_service_pb2_grpc

from orchestrator.errors import (
    BadInput,
    JobFailed,
    OrchestratorError,
    Refused,
    RunnerUnavailable,
    WrongReport,
    WrongRunner,
)
from orchestrator.gate import answers
from orchestrator.gate.files import Download
from orchestrator.gate.gates import Gates
from orchestrator.gate.report import Gate
from orchestrator.gate.status import details
from orchestrator.gate.times import since_now
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
_NOT_IMPORTED = Phrase(
    "The {framework} runner at {address} has not imported its framework within {seconds:.0f} s; "
    "its log tells why. Ask again once it has."
)
_NOT_BUSY = Phrase(
    "The {framework} runner at {address} takes no job, since it has too many, and lists none that "
    "runs or waits. Restart this runner, or ask another one."
)
_REFUSES = Phrase("The {framework} runner at {address} refused: {details}")
_FAILED = Phrase("The {framework} runner at {address} failed: {code}: {details}")
PROTOCOL_VERSION = 1
ProcessUse = runner_service_pb2.ProcessUse
OWN = runner_service_pb2.PROCESS_USE_OWN
_CALL_SECONDS = 60.0  # where nobody listens, it is said at once
_REATTACH_SECONDS = 10.0  # for a runner to come back in the middle of a job
_PAUSE_SECONDS = 0.5
_IMPORT_SECONDS = 50.0
_CANCEL_SECONDS = 5.0
_NEWEST = 20  # jobs: those that run or wait are among them
_MOST_IDLE = 4  # looks at the jobs of a runner that says it is busy, and lists none
_ACTIVE = {job_pb2.JOB_STATE_PENDING, job_pb2.JOB_STATE_RUNNING}
# Without a word, even a heartbeat, after which a runner is asked whether it lives. Long, since a
# machine may be overloaded.
_SILENT_SECONDS = 60.0
_EXIT_SECONDS = 2.0  # for a process that closed its connections to be seen to have ended
_CODES = grpc.StatusCode
_LOST = {_CODES.UNAVAILABLE, _CODES.DEADLINE_EXCEEDED, _CODES.UNKNOWN, _CODES.INTERNAL}


class _Silent(Exception):
    """A stream told nothing for too long."""


@dataclass(slots=True)
class _Seen:
    """Of a stream that is watched: heartbeats, which an earlier version's runner does not send.

    ``silences``: one after the other; ``lost_since``: when its connection was, monotonic seconds.
    """

    beats: bool = False
    silences: int = 0
    lost_since: float | None = None


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
        self._gates = Gates(framework, address)
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
        answers.check_info(self._gates.origin(), info)
        return info

    def environment(self) -> job_pb2.Environment:
        """Where jobs run; waits for the framework's first import. Raises JobFailed if it failed."""
        due = time.monotonic() + _IMPORT_SECONDS
        while True:
            info = self.info()
            if info.HasField("import_error"):
                raise JobFailed(english(OF, name=self.framework, what=info.import_error.message))
            if info.HasField("environment"):
                return info.environment
            if time.monotonic() > due:
                raise RunnerUnavailable(
                    english(_NOT_IMPORTED, **self._names, seconds=_IMPORT_SECONDS)
                )
            time.sleep(_PAUSE_SECONDS)

    def validate(self, spec: job_pb2.JobSpec) -> job_pb2.JobSpec:
        """The spec with every default filled in; raises BadInput with every bad field."""
        request = runner_service_pb2.TrainRequest(spec=spec, validate_only=True)
        job: job_pb2.Job = self._call(self._stub.Train, request)
        return answers.check_completed_by(self._gates.origin(), spec, job)

    def train(
        self, spec: job_pb2.JobSpec, request_id: str, process: ProcessUse = OWN
    ) -> job_pb2.Job:
        """Submit a job; waits while the runner's queue is full."""
        request = runner_service_pb2.TrainRequest(request_id=request_id, spec=spec, process=process)
        return self._submit(self._stub.Train, request, job_pb2.JOB_KIND_TRAIN)

    def evaluate(
        self,
        spec: job_pb2.JobSpec,
        weights: bytes,
        request_id: str,
        process: ProcessUse = OWN,
    ) -> job_pb2.Job:
        """Submit an evaluation of ``weights``, a safetensors file; waits as `train` does."""
        request = runner_service_pb2.EvaluateRequest(
            request_id=request_id, spec=spec, safetensors=weights, process=process
        )
        return self._submit(self._stub.Evaluate, request, job_pb2.JOB_KIND_EVALUATE)

    def measure(self, spec: job_pb2.JobSpec, request_id: str) -> job_pb2.Job:
        """Submit a job that measures what the machine can do, and return it."""
        request = runner_service_pb2.MeasureRequest(request_id=request_id, spec=spec)
        return self._submit(self._stub.Measure, request, job_pb2.JOB_KIND_MEASURE)

    def summarize(self, spec: job_pb2.JobSpec, request_id: str) -> job_pb2.Job:
        """Submit a job that tells the model's layers, and return it."""
        request = runner_service_pb2.SummarizeRequest(request_id=request_id, spec=spec)
        return self._submit(self._stub.Summarize, request, job_pb2.JOB_KIND_SUMMARIZE)

    def preview(self, spec: job_pb2.JobSpec, request_id: str) -> job_pb2.Job:
        """Submit a job that shows what becomes of training images, and return it."""
        request = runner_service_pb2.PreviewRequest(request_id=request_id, spec=spec)
        return self._submit(self._stub.Preview, request, job_pb2.JOB_KIND_PREVIEW)

    def watch(
        self, job_id: str, after: int = 0, reattach_seconds: float = _REATTACH_SECONDS
    ) -> Iterator[job_pb2.JobEvent]:
        """Events to the job's end; taken up again where the connection was lost for so long."""
        gate = self._gates.of(job_id, self.job, after)
        seen = _Seen()
        while True:
            try:
                for event in self._admitted(gate, job_id, seen):
                    if event.sequence > after:
                        yield event
            except _Silent as error:
                seen.silences += 1
                if (seen.beats and seen.silences > 1) or not self._answers(job_id):
                    raise self._lost(_HANGS, job_id, seconds=_SILENT_SECONDS) from error
            except grpc.RpcError as error:
                if error.code() not in _LOST:
                    self._refuse(error, job_id)
                seen.lost_since = seen.lost_since or time.monotonic()
                if time.monotonic() - seen.lost_since >= reattach_seconds:
                    raise self._lost(_LOST_MIDWAY, job_id) from error
                self._gone.wait(_PAUSE_SECONDS)
            else:
                return

    def _admitted(self, gate: Gate, job_id: str, seen: "_Seen") -> Iterator[job_pb2.JobEvent]:
        """What comes on one connection, once it is admitted. Raises as `_stream`; WrongReport."""
        try:
            for event in self._stream(job_id, gate.sequence):
                seen.lost_since, seen.silences = None, 0
                if event.HasField("heartbeat"):
                    seen.beats = True
                else:
                    yield gate.admit(event)
            gate.end(self.job(job_id))
        except WrongReport:
            self._give_up(job_id)
            raise

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
        return self._asked(self._stub.GetJob, request)

    def jobs(self, page_size: int = 0) -> Iterator[job_pb2.Job]:
        """All jobs, newest first; so many are asked for at once, 0: as many as the runner likes."""

        def ask(token: str) -> runner_service_pb2.ListJobsResponse:
            request = runner_service_pb2.ListJobsRequest(page_size=page_size, page_token=token)
            page: runner_service_pb2.ListJobsResponse = self._call(self._stub.ListJobs, request)
            return page

        return answers.pages(self._gates.origin(), ask)

    def cancel(self, job_id: str) -> job_pb2.Job:
        request = runner_service_pb2.CancelJobRequest(job_id=job_id)
        return self._asked(self._stub.CancelJob, request)

    def weights(self, job_id: str, kind: job_pb2.WeightsKind) -> bytes:
        """A safetensors file: the one that the job's events have announced."""
        request = runner_service_pb2.DownloadWeightsRequest(job_id=job_id, kind=kind)
        file = self._gates.of(job_id, self.job).download(kind)
        return self._download(self._stub.DownloadWeights, request, file)

    def logits(self, job_id: str) -> bytes:
        """A safetensors file of logits and labels of the test samples, as `weights`."""
        request = runner_service_pb2.DownloadLogitsRequest(job_id=job_id)
        file = self._gates.of(job_id, self.job).download()
        return self._download(self._stub.DownloadLogits, request, file)

    def _download(self, method: Callable[..., Any], request: Any, file: Download) -> bytes:
        while not file.done:
            request.offset = file.size
            file.take(self._call(method, request, job_id=request.job_id))
        return file.content()

    def _submit(
        self, method: Callable[..., Any], request: Any, kind: job_pb2.JobKind
    ) -> job_pb2.Job:
        idle = 0
        while True:
            elapsed = since_now()
            try:
                with self._told():
                    job: job_pb2.Job = method(
                        request, timeout=min(_CALL_SECONDS, self._limit.left), wait_for_ready=True
                    )
            except grpc.RpcError as error:
                found = details(error)
                if found.reason != "RUNNER_BUSY":
                    self._refuse(error)
                idle = idle + 1 if self._is_idle() else 0
                if idle == _MOST_IDLE:
                    raise WrongRunner(english(_NOT_BUSY, **self._names)) from error
                self._gone.wait(max(found.retry_seconds, _PAUSE_SECONDS))
            else:
                break
        try:
            self._gates.submitted(kind, request, job, elapsed)
        except WrongReport:
            self._give_up(job.job_id)
            raise
        return job

    def _is_idle(self) -> bool:
        return not any(job.state in _ACTIVE for job in self.jobs(_NEWEST))

    def _give_up(self, job_id: str) -> None:
        """Cancel a job of which nothing more is believed, if it was submitted here."""
        if self._gates.is_ours(job_id):
            request = runner_service_pb2.CancelJobRequest(job_id=job_id)
            with suppress(grpc.RpcError):
                self._stub.CancelJob(request, timeout=_CANCEL_SECONDS)

    def _asked(self, method: Callable[..., Any], request: Any) -> job_pb2.Job:
        """The job of the request's id."""
        job: job_pb2.Job = self._call(method, request, job_id=request.job_id)
        self._gates.check(job, request.job_id)
        return job

    def _call(
        self,
        method: Callable[..., Any],
        request: Message,
        timeout: float | None = None,
        job_id: str = "",
    ) -> Any:
        """The answer, looked at and cleaned; ``job_id``: the job that it is of."""
        try:
            with self._told():
                seconds = min(timeout or _CALL_SECONDS, self._limit.left)
                answer = method(request, timeout=seconds)
        except grpc.RpcError as error:
            self._refuse(error, job_id)
        answers.look(self._gates.origin(job_id), answer)
        return answer

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

    def _refuse(self, error: Any, job_id: str = "") -> NoReturn:
        found = details(error)
        if job_id and error.code() is _CODES.RESOURCE_EXHAUSTED and not found.reason:
            self._give_up(job_id)
            raise self._gates.too_large(job_id, found.message) from error
        raise self._error(error) from error

    @property
    def _names(self) -> dict[str, str]:
        return {"framework": self.framework, "address": self.address}

    def _error(self, error: Any) -> OrchestratorError:
        """What the call's failure is to the user."""
        code, found = error.code(), details(error)
        told = {**self._names, "details": found.message}
        if found.fields:
            return Refused(found.fields)
        if code in (_CODES.UNAVAILABLE, _CODES.DEADLINE_EXCEEDED):
            if found.reason:
                return RunnerUnavailable(english(_SAYS, **told))
            return RunnerUnavailable(english(_NO_ANSWER, **told))
        if code is _CODES.UNIMPLEMENTED:
            return WrongRunner(english(_NO_RUNNER, **told))
        if found.reason or code is _CODES.RESOURCE_EXHAUSTED:
            return BadInput(english(_REFUSES, **told))
        return RunnerUnavailable(english(_FAILED, **told, code=code.name))
