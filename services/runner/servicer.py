"""RunnerService: from proto to jobs and back."""

import dataclasses
import itertools
import threading
from collections.abc import Iterator
from typing import Any

import grpc
from google.rpc import status_pb2
from twinrun.contract.converters.events import environment_to_proto
from twinrun.contract.converters.specs import spec_to_proto
from twinrun.contract.enums import WeightsKind
from twinrun.contract.events import Environment
from twinrun.contract.ranges import between
from twinrun.contract.spec import JobSpec
from twinrun.contract.violation import Violation
from twinrun.v1 import job_pb2, runner_service_pb2, runner_service_pb2_grpc

from services import refusals
from services.access.guard import Guard
from services.data import catalog
from services.data.blobs import Blobs
from services.errors import InvalidRequest, RunnerBusy, TooManyWatchers, TwinrunError
from services.machine import build, cores, host, memory
from services.pipe import ProcessUse
from services.runner import memory_limit, pieces, ready, together
from services.runner.jobs import Jobs
from services.runner.status import error_to_status
from services.runner.validation import check, valid_spec

PROTOCOL_VERSION = 2
_PROCESS_USES = {
    runner_service_pb2.PROCESS_USE_UNSPECIFIED: ProcessUse.OWN,
    runner_service_pb2.PROCESS_USE_OWN: ProcessUse.OWN,
    runner_service_pb2.PROCESS_USE_SHARED: ProcessUse.SHARED,
    runner_service_pb2.PROCESS_USE_SHARED_LAST: ProcessUse.SHARED_LAST,
}
_MOST_UPLOADS = 4  # at once: the threads of other calls must do for all else
_UPLOAD_SECONDS = 300.0
_KINDS = {
    job_pb2.WEIGHTS_KIND_UNSPECIFIED: WeightsKind.FINAL,
    job_pb2.WEIGHTS_KIND_INITIAL: WeightsKind.INITIAL,
    job_pb2.WEIGHTS_KIND_FINAL: WeightsKind.FINAL,
}


class Servicer(runner_service_pb2_grpc.RunnerServiceServicer):
    """The service of one framework. `prepared` and `failed` report how the first import went."""

    def __init__(
        self,
        framework: str,
        jobs: Jobs,
        max_message_bytes: int,
        max_watchers: int,
        default_threads: int,
        *,
        blobs: Blobs,
        guard: Guard,
        allowed: ready.Allowed = ready.NOTHING,
    ) -> None:
        self._framework = framework
        self._jobs = jobs
        self._max_message_bytes = max_message_bytes
        self._max_watchers = max_watchers
        self._default_threads = default_threads
        self._blobs = blobs
        self._guard = guard
        self._allowed = allowed
        self._uploads = threading.BoundedSemaphore(_MOST_UPLOADS)
        self._watchers = threading.BoundedSemaphore(max_watchers)
        self._environment: job_pb2.Environment | None = None
        self._import_error: status_pb2.Status | None = None

    def prepared(self, environment: Environment) -> None:
        self._environment = environment_to_proto(
            dataclasses.replace(environment, threads=self._default_threads)
        )

    def failed(self, error: TwinrunError) -> None:
        self._import_error = error_to_status(error)

    def GetServerInfo(
        self,
        request: runner_service_pb2.GetServerInfoRequest,
        context: grpc.ServicerContext,
    ) -> runner_service_pb2.GetServerInfoResponse:
        return runner_service_pb2.GetServerInfoResponse(
            framework=self._framework,
            version=build.version(),
            protocol_version=PROTOCOL_VERSION,
            available_cpus=host.available_cpus(),
            physical_cores=cores.physical_cores(),
            free_memory_bytes=memory.free_bytes(),
            environment=self._environment,
            import_error=self._import_error,
            max_message_bytes=self._max_message_bytes,
            build_sha256=build.digest(),
            insecure=self._guard.insecure,
        )

    def UploadBlob(
        self,
        requests: Iterator[runner_service_pb2.UploadBlobRequest],
        context: grpc.ServicerContext,
    ) -> runner_service_pb2.Blob:
        first = next(requests, runner_service_pb2.UploadBlobRequest())
        if not self._uploads.acquire(blocking=False):
            raise RunnerBusy(f"{_MOST_UPLOADS} clients are sending data already; try again.")
        # A client that sends no more, and does not hang up, would hold the blob for ever.
        end = threading.Timer(_UPLOAD_SECONDS, context.cancel)
        end.daemon = True
        end.start()
        try:
            asked = first.sha256, first.size_bytes, first.offset
            content = pieces.contents(itertools.chain([first], requests))
            counted = self._guard.counted(context, content)
            received = self._blobs.receive(*asked, counted)
        finally:
            end.cancel()
            self._uploads.release()
        return runner_service_pb2.Blob(
            sha256=first.sha256,
            size_bytes=first.size_bytes,
            received_bytes=received,
            whole=received == first.size_bytes,
        )

    def GetBlob(
        self, request: runner_service_pb2.GetBlobRequest, context: grpc.ServicerContext
    ) -> runner_service_pb2.Blob:
        received, whole = self._blobs.received(request.sha256)
        return runner_service_pb2.Blob(
            sha256=request.sha256,
            size_bytes=received if whole else 0,
            received_bytes=received,
            whole=whole,
        )

    def FindPort(
        self, request: runner_service_pb2.FindPortRequest, context: grpc.ServicerContext
    ) -> runner_service_pb2.FindPortResponse:
        return runner_service_pb2.FindPortResponse(port=together.free_port())

    def Train(
        self, request: runner_service_pb2.TrainRequest, context: grpc.ServicerContext
    ) -> job_pb2.Job:
        spec = self._spec(request.spec)
        group = together.group_of(request, spec, allowed=self._allowed.together)
        if request.validate_only:
            ready.require(spec, self._jobs.data_dir)
            return job_pb2.Job(kind=job_pb2.JOB_KIND_TRAIN, spec=spec_to_proto(spec))
        ready.require_blobs(spec, self._jobs.data_dir)
        process, limit = _process(request.process), request.memory_limit_bytes
        check(memory_limit.violations(limit))
        what = job_pb2.JOB_KIND_TRAIN, request, context, spec
        return self._submit(*what, process=process, limit_bytes=limit, group=group)

    def Evaluate(
        self, request: runner_service_pb2.EvaluateRequest, context: grpc.ServicerContext
    ) -> job_pb2.Job:
        spec = self._spec(request.spec)
        ready.require_blobs(spec, self._jobs.data_dir)
        weights = self._weights(request)
        use = _process(request.process)
        job = self._submit(
            job_pb2.JOB_KIND_EVALUATE, request, context, spec, weights=weights, process=use
        )
        host.return_free_memory()  # of the parts in which the message came
        return job

    def Measure(
        self, request: runner_service_pb2.MeasureRequest, context: grpc.ServicerContext
    ) -> job_pb2.Job:
        # Of one device with all threads: rates of several would be none that one of them has.
        spec = dataclasses.replace(self._spec(request.spec), devices=1)
        return self._submit(job_pb2.JOB_KIND_MEASURE, request, context, spec)

    def Summarize(
        self, request: runner_service_pb2.SummarizeRequest, context: grpc.ServicerContext
    ) -> job_pb2.Job:
        spec = self._spec(request.spec)
        return self._submit(job_pb2.JOB_KIND_SUMMARIZE, request, context, spec)

    def Preview(
        self, request: runner_service_pb2.PreviewRequest, context: grpc.ServicerContext
    ) -> job_pb2.Job:
        spec = self._spec(request.spec)
        check(catalog.preview_violations(spec.dataset))
        ready.require_blobs(spec, self._jobs.data_dir)
        return self._submit(job_pb2.JOB_KIND_PREVIEW, request, context, spec)

    def Trace(
        self, request: runner_service_pb2.TraceRequest, context: grpc.ServicerContext
    ) -> job_pb2.Job:
        spec = self._spec(request.spec, traced=True)
        ready.require_blobs(spec, self._jobs.data_dir)
        process = _process(request.process)
        return self._submit(job_pb2.JOB_KIND_TRACE, request, context, spec, process=process)

    def _submit(
        self,
        kind: job_pb2.JobKind,
        request: Any,
        context: grpc.ServicerContext,
        spec: JobSpec,
        *,
        weights: bytes | None = None,
        process: ProcessUse = ProcessUse.OWN,
        **rest: Any,
    ) -> job_pb2.Job:
        what, caller = (kind, request.request_id, spec, weights), self._guard.caller(context).name
        return self._jobs.submit(*what, process=process, by=caller, **rest)

    def _spec(self, message: job_pb2.JobSpec, *, traced: bool = False) -> JobSpec:
        spec = valid_spec(message, host.available_cpus(), self._default_threads)
        refusals.require_supported(self._framework, spec)
        ready.require_code(spec, self._framework, allowed=self._allowed.code, traced=traced)
        return spec

    def _weights(self, request: runner_service_pb2.EvaluateRequest) -> bytes:
        match request.WhichOneof("weights"):
            case "safetensors":
                return request.safetensors
            case "job_id":
                return self._jobs.weights(request.job_id, WeightsKind.FINAL).read_bytes()
            case _:
                problem = "are not set; give safetensors or a job_id"
                raise InvalidRequest([Violation("weights", problem)])

    def WatchJob(
        self, request: runner_service_pb2.WatchJobRequest, context: grpc.ServicerContext
    ) -> Iterator[job_pb2.JobEvent]:
        check(between("after_sequence", request.after_sequence, 0, 2**62))
        if not self._watchers.acquire(blocking=False):
            raise TooManyWatchers(
                f"{self._max_watchers} clients are watching already, the most that this runner "
                "serves; try again when one has gone."
            )
        try:
            yield from self._jobs.watch(request.job_id, request.after_sequence, context.is_active)
        finally:
            self._watchers.release()

    def GetJob(
        self, request: runner_service_pb2.GetJobRequest, context: grpc.ServicerContext
    ) -> job_pb2.Job:
        return self._jobs.get(request.job_id)

    def ListJobs(
        self, request: runner_service_pb2.ListJobsRequest, context: grpc.ServicerContext
    ) -> runner_service_pb2.ListJobsResponse:
        check(between("page_size", request.page_size, 0, 1000))
        jobs, following = self._jobs.page(request.page_size or 100, request.page_token)
        return runner_service_pb2.ListJobsResponse(jobs=jobs, next_page_token=following)

    def CancelJob(
        self, request: runner_service_pb2.CancelJobRequest, context: grpc.ServicerContext
    ) -> job_pb2.Job:
        return self._jobs.cancel(request.job_id)

    def DownloadWeights(
        self,
        request: runner_service_pb2.DownloadWeightsRequest,
        context: grpc.ServicerContext,
    ) -> runner_service_pb2.DownloadWeightsResponse:
        if request.kind not in _KINDS:
            raise InvalidRequest([Violation("kind", f"is {request.kind}; give INITIAL or FINAL")])
        path = self._jobs.weights(request.job_id, _KINDS[request.kind])
        chunk, total = pieces.piece(path, request.offset)
        return runner_service_pb2.DownloadWeightsResponse(
            chunk=chunk, total_bytes=total, sha256=pieces.sha256(path)
        )

    def DownloadLogits(
        self,
        request: runner_service_pb2.DownloadLogitsRequest,
        context: grpc.ServicerContext,
    ) -> runner_service_pb2.DownloadLogitsResponse:
        path = self._jobs.logits(request.job_id)
        chunk, total = pieces.piece(path, request.offset)
        return runner_service_pb2.DownloadLogitsResponse(
            chunk=chunk, total_bytes=total, sha256=pieces.sha256(path)
        )


def _process(use: runner_service_pb2.ProcessUse) -> ProcessUse:
    if use not in _PROCESS_USES:
        raise InvalidRequest([Violation("process", f"is {use}; give OWN, SHARED or SHARED_LAST")])
    return _PROCESS_USES[use]
