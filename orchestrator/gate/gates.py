"""The gates of one runner's jobs."""

from collections.abc import Callable
from typing import Protocol

from twinrun.v1 import job_pb2

from orchestrator.errors import WrongReport
from orchestrator.gate import answers
from orchestrator.gate.fault import Origin
from orchestrator.gate.report import Gate
from orchestrator.gate.times import Elapsed
from orchestrator.language.phrases import Phrase, english

_TOO_LARGE = Phrase(
    "The {framework} runner at {address} sent a message about the job {job_id} that "
    "is too large for gRPC ({details}). The job counts as failed; update this "
    "runner, or ask another one."
)


class _Request(Protocol):
    """A request for a job: TrainRequest and others."""

    request_id: str
    spec: job_pb2.JobSpec


class Gates:
    """Gates by job id. Raises WrongReport, and WrongRunner for the runner itself."""

    def __init__(self, framework: str, address: str) -> None:
        self._framework = framework
        self._address = address
        self._gates: dict[str, Gate] = {}

    def origin(self, job_id: str = "") -> Origin:
        """Return the runner, and the job that something is about."""
        return Origin(self._framework, self._address, job_id)

    def submitted(
        self, kind: job_pb2.JobKind, request: _Request, job: job_pb2.Job, elapsed: Elapsed
    ) -> None:
        """Record that a runner created this job for the request."""
        origin = self.origin(job.job_id or request.request_id)
        answers.look(origin, job)
        answers.check_submitted(origin, kind, request.request_id, request.spec, job)
        self._gates[job.job_id] = Gate(origin, job, elapsed)

    def of(self, job_id: str, ask: Callable[[str], job_pb2.Job], after: int | None = None) -> Gate:
        """Return the job's gate; ``ask`` fetches one that was not submitted here.

        ``after``: the last accepted event. If another one passed last, or was about to when an
        interrupt struck, the gate is one that all events pass again.
        """
        gate = self._gates.get(job_id)
        if gate is None:
            gate = Gate(self.origin(job_id), ask(job_id), None)
        elif after is not None and (after != gate.sequence or gate.passing):
            gate = gate.anew()
        self._gates[job_id] = gate
        return gate

    def check(self, job: job_pb2.Job, job_id: str) -> None:
        """Check an answer about the job of that id."""
        answers.check_job(self.origin(job_id), job, job_id)
        gate = self._gates.get(job_id)
        if gate is not None and gate.ended:
            gate.end(job)

    def is_ours(self, job_id: str) -> bool:
        """Return whether it was submitted here."""
        return job_id not in self._gates or self._gates[job_id].ours

    def too_large(self, job_id: str, details: str) -> WrongReport:
        """Return the error for a message of a job that could not be received."""
        names = {"framework": self._framework, "address": self._address, "job_id": job_id}
        return WrongReport(english(_TOO_LARGE, **names, details=details))
