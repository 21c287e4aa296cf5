"""A runner that tells what it likes: honest recordings, and a server that plays them back.

What a recording says is made by the real code of a trial on a fake framework, and is then changed
by a lie.
"""

import contextlib
import copy
import functools
import hashlib
import tempfile
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import status_pb2
from grpc_status import rpc_status
from twinrun.contract import data_dir
from twinrun.contract.converters.events import environment_to_proto, event_to_proto
from twinrun.contract.converters.specs import spec_to_proto
from twinrun.contract.enums import JobState, Phase
from twinrun.contract.events import LogitsSaved, PhaseFinished, StateChanged
from twinrun.v1 import job_pb2, runner_service_pb2, runner_service_pb2_grpc

from services.pipe import LOGITS_FILE, Kind, Task
from services.runner.validation import valid_spec
from services.trial import preview, run
from tests.builders import two_sided
from tests.builders.numeric import Tracing
from tests.builders.tape import Var
from tests.builders.told import given
from tests.integration.fakes import good

CPUS = 4
CHUNK_BYTES = 2**20
KINDS = {
    job_pb2.JOB_KIND_TRAIN: Kind.TRAIN,
    job_pb2.JOB_KIND_EVALUATE: Kind.EVALUATE,
    job_pb2.JOB_KIND_MEASURE: Kind.MEASURE,
    job_pb2.JOB_KIND_SUMMARIZE: Kind.SUMMARIZE,
    job_pb2.JOB_KIND_PREVIEW: Kind.PREVIEW,
    job_pb2.JOB_KIND_TRACE: Kind.TRACE,
}
SPEC: dict[str, Any] = {
    "dataset": {"name": "synthetic", "synthetic": {"train_samples": 100, "test_samples": 20}},
    "layers": [{"flatten": {}}, {"dense": {"units": 10}}],
    "optimizer": {"sgd": {}, "learning_rate": 0.01},
    "epochs": 2,
    "batch_size": 10,
    "threads": 1,
    "report_every_steps": 5,
}
# The same job of users' code; both runners trace `_model` for whatever it is.
CODE = {name: {"file": f"net_{name}.py"} for name in ("pytorch", "tensorflow")}
CODE_SPEC: dict[str, Any] = {**SPEC, "layers": [], "code": CODE}
Change = Callable[[Any], Any]


def unchanged(given: Any) -> Any:
    return given


@dataclass
class Report:
    """What a job tells: its events, and its files by kind."""

    events: list[job_pb2.JobEvent]
    files: dict[int | str, bytes]

    def of(self, kind: str) -> list[Any]:
        """The events of a kind, to be changed where they stand."""
        return [getattr(event, kind) for event in self.events if event.HasField(kind)]

    def places(self, kind: str) -> list[int]:
        return [i for i, event in enumerate(self.events) if event.HasField(kind)]

    def numbered(self) -> "Report":
        for sequence, event in enumerate(self.events, start=1):
            event.sequence = sequence
        return self


def report(spec: job_pb2.JobSpec, kind: job_pb2.JobKind, weights: bytes | None = None) -> Report:
    """An honest one. ``spec``: completed."""
    return copy.deepcopy(_recorded(spec.SerializeToString(), kind, weights))


@functools.cache
def _recorded(spec: bytes, kind: job_pb2.JobKind, weights: bytes | None) -> Report:
    asked = valid_spec(job_pb2.JobSpec.FromString(spec), CPUS)
    told: list[Any] = [StateChanged(JobState.PENDING), StateChanged(JobState.RUNNING)]
    told.append(PhaseFinished(Phase.IMPORT, 0.5, 0.5))
    with tempfile.TemporaryDirectory() as directory:
        output = Path(directory)
        task = Task(asked, output, output, KINDS[kind], given(output, weights))
        match kind:
            case job_pb2.JOB_KIND_MEASURE:
                told.append(good.measure(asked))
            case job_pb2.JOB_KIND_SUMMARIZE:
                told.append(good.summarize(asked))
            case job_pb2.JOB_KIND_PREVIEW:
                preview.run(task, good.Trainer, told.append)
            case job_pb2.JOB_KIND_TRACE:
                model, arrays = two_sided.trace(_model, *two_sided.rows())
                saved = LogitsSaved(*run.write(LOGITS_FILE, arrays, output))
                told += [model, saved]
            case _:
                run.run(task, good.Trainer, told.append)
        files = {path.stem: path.read_bytes() for path in output.glob("*.safetensors")}
    told.append(StateChanged(JobState.SUCCEEDED))
    names = {"initial": 1, "final": 2}
    found = Report(
        [event_to_proto(event) for event in told],
        {names.get(name, name): content for name, content in files.items()},
    )
    for event in found.events:
        event.event_time.GetCurrentTime()
    return found.numbered()


def _model(tracing: Tracing, x: Var) -> Var:
    hidden = tracing.dense("first", x, 4)
    return tracing.dense("out", tracing.activation("act", hidden, "relu"), 10)


@dataclass
class Lie:
    """Where a runner leaves the truth: each field changes one kind of answer.

    ``of`` changes a report; ``piece`` a piece of a file; ``status`` refuses a call by name.
    """

    of: Change = unchanged
    info: Change = unchanged
    validated: Change = unchanged
    submitted: Change = unchanged
    job: Change = unchanged
    piece: Change = unchanged
    page: Callable[[str, runner_service_pb2.ListJobsResponse], Any] = lambda _, page: page
    statuses: dict[str, list[tuple[int, status_pb2.Status]]] = field(default_factory=dict)


class Liar(runner_service_pb2_grpc.RunnerServiceServicer):
    """Serves one lie at a time."""

    def __init__(self, framework: str) -> None:
        self.framework = framework
        self.lie = Lie()
        self.jobs: dict[str, tuple[job_pb2.Job, Report]] = {}
        self.cancelled: list[str] = []

    def tell(self, lie: Lie) -> None:
        self.lie = lie
        self.jobs.clear()
        self.cancelled.clear()

    def GetServerInfo(self, request, context):  # noqa: N802
        self._refuse("GetServerInfo", context)
        info = runner_service_pb2.GetServerInfoResponse(
            framework=self.framework,
            version="0.0",
            protocol_version=2,
            available_cpus=CPUS,
            environment=environment_to_proto(good.environment()),
            max_message_bytes=2**26,
        )
        return self.lie.info(info)

    def Train(self, request, context):  # noqa: N802
        self._refuse("Train", context)
        if request.validate_only:
            spec = spec_to_proto(valid_spec(request.spec, CPUS))
            job = job_pb2.Job(kind=job_pb2.JOB_KIND_TRAIN, spec=spec)
            return self.lie.validated(job)
        return self._submit(request, job_pb2.JOB_KIND_TRAIN)

    def Evaluate(self, request, context):  # noqa: N802
        return self._submit(request, job_pb2.JOB_KIND_EVALUATE, request.safetensors)

    def Measure(self, request, context):  # noqa: N802
        return self._submit(request, job_pb2.JOB_KIND_MEASURE)

    def Summarize(self, request, context):  # noqa: N802
        return self._submit(request, job_pb2.JOB_KIND_SUMMARIZE)

    def Preview(self, request, context):  # noqa: N802
        return self._submit(request, job_pb2.JOB_KIND_PREVIEW)

    def Trace(self, request, context):  # noqa: N802
        return self._submit(request, job_pb2.JOB_KIND_TRACE)

    def GetBlob(self, request, context):  # noqa: N802
        size = (data_dir.default() / data_dir.BLOBS / request.sha256).stat().st_size
        sizes = {"size_bytes": size, "received_bytes": size}  # both ends are on one machine
        return runner_service_pb2.Blob(sha256=request.sha256, whole=True, **sizes)

    def _submit(self, request: Any, kind: job_pb2.JobKind, weights: bytes | None = None) -> Any:
        spec = spec_to_proto(valid_spec(request.spec, CPUS))
        told = report(spec, kind, weights)
        told = self.lie.of(told) or told
        job = job_pb2.Job(
            job_id=f"{self.framework}-{uuid.uuid4().hex[:12]}",
            request_id=request.request_id,
            kind=kind,
            state=job_pb2.JOB_STATE_PENDING,
            spec=spec,
            last_sequence=len(told.events),
        )
        job.create_time.GetCurrentTime()
        self.jobs[job.job_id] = (job, told)
        answer = job_pb2.Job()
        answer.CopyFrom(job)
        return self.lie.submitted(answer)

    def WatchJob(self, request, context):  # noqa: N802
        self._refuse("WatchJob", context)
        for event in self.jobs[request.job_id][1].events:
            if event.sequence > request.after_sequence or event.sequence < 1:
                yield event

    def GetJob(self, request, context):  # noqa: N802
        self._refuse("GetJob", context)
        return self.lie.job(self._ended(request.job_id))

    def ListJobs(self, request, context):  # noqa: N802
        jobs = [self._ended(job_id) for job_id in self.jobs]
        page = runner_service_pb2.ListJobsResponse(jobs=jobs)
        return self.lie.page(request.page_token, page)

    def CancelJob(self, request, context):  # noqa: N802
        self.cancelled.append(request.job_id)
        return self._ended(request.job_id) if request.job_id in self.jobs else job_pb2.Job()

    def DownloadWeights(self, request, context):  # noqa: N802
        content = self.jobs[request.job_id][1].files[request.kind]
        return self._piece(runner_service_pb2.DownloadWeightsResponse(), content, request.offset)

    def DownloadLogits(self, request, context):  # noqa: N802
        content = self.jobs[request.job_id][1].files["logits"]
        return self._piece(runner_service_pb2.DownloadLogitsResponse(), content, request.offset)

    def _piece(self, piece: Any, content: bytes, offset: int) -> Any:
        piece.chunk = content[offset : offset + CHUNK_BYTES]
        piece.total_bytes = len(content)
        piece.sha256 = hashlib.sha256(content).hexdigest()
        return self.lie.piece(piece)

    def _ended(self, job_id: str) -> job_pb2.Job:
        job, told = self.jobs[job_id]
        ended = job_pb2.Job()
        ended.CopyFrom(job)
        changes = told.of("state_changed")
        if changes:
            ended.state = changes[-1].state
            ended.error.CopyFrom(changes[-1].error)
        return ended

    def _refuse(self, call: str, context: grpc.ServicerContext) -> None:
        if left := self.lie.statuses.get(call):
            code, status = left[0] if len(left) == 1 else left.pop(0)
            if code:
                context.abort_with_status(rpc_status.to_status(status))


@contextlib.contextmanager
def serving(liar: Liar) -> Iterator[str]:
    """Its address."""
    server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.max_send_message_length", -1)])
    runner_service_pb2_grpc.add_RunnerServiceServicer_to_server(liar, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


def put(message: Message, path: str, value: Any) -> None:
    """Set the field of a dotted path; of a Duration, seconds. A list is replaced."""
    *parents, name = path.split(".")
    for parent in parents:
        inner, _, index = parent.partition("[")
        message = getattr(message, inner)
        message = message[int(index.rstrip("]"))] if index else message
    found = getattr(message, name)
    if isinstance(found, Duration):
        found.FromNanoseconds(round(value * 1e9))
    elif isinstance(value, dict):
        found.update(value)
    elif isinstance(value, list):
        del found[:]
        found.extend(value)
    elif isinstance(value, Message):
        found.CopyFrom(value)
    else:
        setattr(message, name, value)
