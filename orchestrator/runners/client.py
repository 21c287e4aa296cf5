"""A runner's service, as methods."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
from twinrun.contract.reasons import Reason
from twinrun.v1 import job_pb2, runner_service_pb2

from orchestrator.errors import JobFailed, RunnerUnavailable, WrongReport, WrongRunner
from orchestrator.gate import answers
from orchestrator.gate.files import Download
from orchestrator.gate.status import details
from orchestrator.gate.times import since_now
from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.language.words import OF
from orchestrator.runners import versions
from orchestrator.runners.uploading import Uploads
from orchestrator.runners.watching import REATTACH_SECONDS, Watching
from orchestrator.runners.wire import Wire
from orchestrator.settings.trust import Trust
from orchestrator.trials.sides import framework_of, version_of

_OTHER_FRAMEWORK = Phrase(
    "The runner at {address} runs {found}, not {framework}: give the address of a {framework} "
    "runner."
)
_OTHER_VERSION = Phrase(
    "The {framework} runner at {address} speaks version {theirs} of the protocol (Twinrun "
    "{version}), this orchestrator version {ours}: update the older of the two."
)
_NOT_IMPORTED = Phrase(
    "The {framework} runner at {address} has not imported its framework within "
    "{seconds:.0f} s; see its log for the reason. Ask again once it has."
)
_NOT_BUSY = Phrase(
    "The {framework} runner at {address} accepts no job because it has too many, but "
    "lists none that runs or waits. Restart this runner, or ask another one."
)
PROTOCOL_VERSION = 2
ProcessUse = runner_service_pb2.ProcessUse
Group = runner_service_pb2.Group
OWN = runner_service_pb2.PROCESS_USE_OWN
_PAUSE_SECONDS = 0.5
_IMPORT_SECONDS = 50.0
_NEWEST = 20  # jobs: running and waiting ones are among them
_MOST_IDLE = 4  # times that a runner may claim to be busy but list no jobs
_ACTIVE = {job_pb2.JOB_STATE_PENDING, job_pb2.JOB_STATE_RUNNING}


class Client:
    """Calls the runner of that ``name``, such as ``pytorch``, at ``address`` (HOST:PORT).

    Methods raise RunnerUnavailable if it cannot be reached, and BadInput for what it refuses.
    The version that its name may have is checked once it has imported its framework. ``trust``:
    over TLS. ``own``: a process that was started here, whose end `ended` reports. ``tell`` receives
    what is waited for.
    """

    def __init__(
        self,
        name: str,
        address: str,
        *,
        trust: Trust | None = None,
        own: bool = False,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.framework = framework_of(name)
        self.address = address
        self._version = version_of(name)
        self._wire = Wire(self.framework, address, trust=trust, own=own, tell=tell)
        self._stub = self._wire.stub
        self._uploads = Uploads(self._wire, tell)

    def close(self) -> None:
        self._wire.close()

    def ended(self, why: Sentence) -> None:
        """Record that its runner has ended for good: pending calls end at once, with ``why``."""
        self._wire.ended(why)

    def was_found(self) -> None:
        """Record that nobody gave its address, and nobody here started it."""
        self._wire.found = True

    def limit(self, seconds: float) -> None:
        """Limit the total waiting time of all calls from now on; `math.inf`: no limit."""
        self._wire.limit.set(seconds)

    def info(self, timeout: float | None = None) -> runner_service_pb2.GetServerInfoResponse:
        """Ask who answers. Raises RunnerUnavailable, also if it is another runner."""
        request = runner_service_pb2.GetServerInfoRequest()
        info: runner_service_pb2.GetServerInfoResponse = self._wire.call(
            self._stub.GetServerInfo, request, timeout=timeout
        )
        if info.framework != self.framework:
            raise WrongRunner(english(_OTHER_FRAMEWORK, **self._wire.names, found=info.framework))
        if info.protocol_version != PROTOCOL_VERSION:
            raise WrongRunner(
                english(
                    _OTHER_VERSION,
                    **self._wire.names,
                    theirs=info.protocol_version,
                    version=info.version,
                    ours=PROTOCOL_VERSION,
                )
            )
        answers.check_info(self._wire.gates.origin(), info)
        return info

    def check_version(self, known: runner_service_pb2.GetServerInfoResponse | None = None) -> None:
        """Check it as `require_version`, if it is ``known``, or asked, before any job."""
        if self._version and (info := known or self.info()).HasField("environment"):
            self.require_version(info.environment)

    def require_version(self, environment: job_pb2.Environment) -> None:
        """Check that the framework has the version that it must have. Raises WrongRunner."""
        versions.require(self.framework, self._version, self.address, environment)

    def environment(self) -> job_pb2.Environment:
        """Return where jobs run, after the framework's first import.

        Raises JobFailed if it failed.
        """
        due = time.monotonic() + _IMPORT_SECONDS
        while True:
            info = self.info()
            if info.HasField("import_error"):
                raise JobFailed(english(OF, name=self.framework, what=info.import_error.message))
            if info.HasField("environment"):
                return info.environment
            if time.monotonic() > due:
                raise RunnerUnavailable(
                    english(_NOT_IMPORTED, **self._wire.names, seconds=_IMPORT_SECONDS)
                )
            time.sleep(_PAUSE_SECONDS)

    def free_port(self) -> int:
        """Return a port of its machine at which nothing listens now."""
        request = runner_service_pb2.FindPortRequest()
        found: runner_service_pb2.FindPortResponse = self._wire.call(self._stub.FindPort, request)
        return answers.check_port(self._wire.gates.origin(), found)

    def validate(self, spec: job_pb2.JobSpec, group: Group | None = None) -> job_pb2.JobSpec:
        """Return the spec with every default filled in; ``group``: of a part, as in `train`.

        Raises BadInput with every invalid field.
        """
        self._uploads.send(spec)
        request = runner_service_pb2.TrainRequest(spec=spec, validate_only=True, group=group)
        job: job_pb2.Job = self._wire.call(self._stub.Train, request)
        return answers.check_completed_by(self._wire.gates.origin(), spec, job)

    def train(
        self,
        spec: job_pb2.JobSpec,
        request_id: str,
        process: ProcessUse = OWN,
        memory_limit_bytes: int = 0,
        group: Group | None = None,
    ) -> job_pb2.Job:
        """Submit a job or a ``group``'s part; wait while the queue is full. Limit 0 is none."""
        self._uploads.send(spec)
        request = runner_service_pb2.TrainRequest(
            request_id=request_id, spec=spec, process=process, group=group
        )
        request.memory_limit_bytes = memory_limit_bytes
        return self._submit(self._stub.Train, request, job_pb2.JOB_KIND_TRAIN)

    def evaluate(
        self,
        spec: job_pb2.JobSpec,
        weights: bytes,
        request_id: str,
        process: ProcessUse = OWN,
    ) -> job_pb2.Job:
        """Submit an evaluation of ``weights``, a safetensors file; wait as `train` does."""
        self._uploads.send(spec)
        request = runner_service_pb2.EvaluateRequest(
            request_id=request_id, spec=spec, safetensors=weights, process=process
        )
        return self._submit(self._stub.Evaluate, request, job_pb2.JOB_KIND_EVALUATE)

    def measure(self, spec: job_pb2.JobSpec, request_id: str) -> job_pb2.Job:
        """Submit a job that measures the machine's peak rates, and return it."""
        request = runner_service_pb2.MeasureRequest(request_id=request_id, spec=spec)
        return self._submit(self._stub.Measure, request, job_pb2.JOB_KIND_MEASURE)

    def summarize(self, spec: job_pb2.JobSpec, request_id: str) -> job_pb2.Job:
        """Submit a job that reports the model's layers, and return it."""
        self._uploads.send(spec)
        request = runner_service_pb2.SummarizeRequest(request_id=request_id, spec=spec)
        return self._submit(self._stub.Summarize, request, job_pb2.JOB_KIND_SUMMARIZE)

    def preview(self, spec: job_pb2.JobSpec, request_id: str) -> job_pb2.Job:
        """Submit a job that previews training images, and return it."""
        self._uploads.send(spec)
        request = runner_service_pb2.PreviewRequest(request_id=request_id, spec=spec)
        return self._submit(self._stub.Preview, request, job_pb2.JOB_KIND_PREVIEW)

    def trace(
        self, spec: job_pb2.JobSpec, request_id: str, process: ProcessUse = OWN
    ) -> job_pb2.Job:
        """Submit a job that traces one step of a model of code, and return it."""
        self._uploads.send(spec)
        request = runner_service_pb2.TraceRequest(request_id=request_id, spec=spec, process=process)
        return self._submit(self._stub.Trace, request, job_pb2.JOB_KIND_TRACE)

    def watch(
        self, job_id: str, after: int = 0, reattach_seconds: float = REATTACH_SECONDS
    ) -> Iterator[job_pb2.JobEvent]:
        """Yield events to the job's end, as `watching.Watching`.

        Raises WrongRunner, and cancels it, if it computes with another version than it should.
        """
        for event in Watching(self._wire, job_id).events(after, reattach_seconds):
            if event.HasField("environment"):
                try:
                    self.require_version(event.environment)
                except WrongRunner:
                    self._wire.give_up(job_id)
                    raise
            yield event

    def job(self, job_id: str) -> job_pb2.Job:
        """Return a job's current state."""
        return self._wire.job(job_id)

    def jobs(self, page_size: int = 0) -> Iterator[job_pb2.Job]:
        """Yield all jobs, newest first, in pages of this size; 0: as large as the runner likes."""

        def ask(token: str) -> runner_service_pb2.ListJobsResponse:
            request = runner_service_pb2.ListJobsRequest(page_size=page_size, page_token=token)
            page: runner_service_pb2.ListJobsResponse = self._wire.call(
                self._stub.ListJobs, request
            )
            return page

        return answers.pages(self._wire.gates.origin(), ask)

    def cancel(self, job_id: str) -> job_pb2.Job:
        request = runner_service_pb2.CancelJobRequest(job_id=job_id)
        return self._wire.asked(self._stub.CancelJob, request)

    def weights(self, job_id: str, kind: job_pb2.WeightsKind) -> bytes:
        """Return a safetensors file: the one that the job's events have announced."""
        request = runner_service_pb2.DownloadWeightsRequest(job_id=job_id, kind=kind)
        file = self._wire.gates.of(job_id, self.job).download(kind)
        return self._download(self._stub.DownloadWeights, request, file)

    def logits(self, job_id: str) -> bytes:
        """Return a safetensors file of logits and labels of the test samples, as `weights`."""
        request = runner_service_pb2.DownloadLogitsRequest(job_id=job_id)
        file = self._wire.gates.of(job_id, self.job).download()
        return self._download(self._stub.DownloadLogits, request, file)

    def _download(self, method: Callable[..., Any], request: Any, file: Download) -> bytes:
        while not file.done:
            request.offset = file.size
            file.take(self._wire.call(method, request, job_id=request.job_id))
        return file.content()

    def _submit(
        self, method: Callable[..., Any], request: Any, kind: job_pb2.JobKind
    ) -> job_pb2.Job:
        idle = slow = 0
        while True:
            elapsed = since_now()
            try:
                with self._wire.told():
                    job: job_pb2.Job = method(
                        request, timeout=self._wire.seconds, wait_for_ready=True
                    )
            except grpc.RpcError as error:
                slow += 1
                if self._wire.waits_on(error, slow):
                    self.info()  # raises if it has ended
                    continue
                refusal = details(error)
                if refusal.reason != Reason.RUNNER_BUSY:
                    self._wire.refuse(error)
                idle = idle + 1 if self._is_idle() else 0
                if idle == _MOST_IDLE:
                    raise WrongRunner(english(_NOT_BUSY, **self._wire.names)) from error
                self._wire.pause(max(refusal.retry_seconds, _PAUSE_SECONDS))
            else:
                break
        try:
            self._wire.gates.submitted(kind, request, job, elapsed)
        except WrongReport:
            self._wire.give_up(job.job_id)
            raise
        return job

    def _is_idle(self) -> bool:
        return not any(job.state in _ACTIVE for job in self.jobs(_NEWEST))
