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
    "The {framework} runner at {address} sent of the job {job_id} a message larger than gRPC takes "
    "({details}). The job counts as failed; update this runner, or ask another one."
)


class _Request(Protocol):
    """What asks for a job: TrainRequest and the like."""

    request_id: str
    spec: job_pb2.JobSpec


class Gates:
    """By job id. Raises WrongReport, of the runner itself WrongRunner."""

    def __init__(self, framework: str, address: str) -> None:
        self._framework = framework
        self._address = address
        self._gates: dict[str, Gate] = {}

    def origin(self, job_id: str = "") -> Origin:
        """The runner, and the job that something is of."""
        return Origin(self._framework, self._address, job_id)

    def submitted(
        self, kind: job_pb2.JobKind, request: _Request, job: job_pb2.Job, elapsed: Elapsed
    ) -> None:
        """A runner made this job of the request."""
        origin = self.origin(job.job_id or request.request_id)
        answers.look(origin, job)
        answers.check_submitted(origin, kind, request.request_id, request.spec, job)
        self._gates[job.job_id] = Gate(origin, job, elapsed)

    def of(self, job_id: str, ask: Callable[[str], job_pb2.Job], after: int | None = None) -> Gate:
        """That of a job; ``ask`` gets one that was not submitted here.

        ``after``: the last event that was taken. Where another one passed last, as when it was on
        its way at an interrupt, the gate is one that all pass again.
        """
        gate = self._gates.get(job_id)
        if gate is None:
            gate = Gate(self.origin(job_id), ask(job_id), None)
        elif after is not None and after != gate.sequence:
            gate = gate.anew()
        self._gates[job_id] = gate
        return gate

    def check(self, job: job_pb2.Job, job_id: str) -> None:
        """What was answered of the job of that id."""
        answers.check_job(self.origin(job_id), job, job_id)
        gate = self._gates.get(job_id)
        if gate is not None and gate.ended:
            gate.end(job)

    def is_ours(self, job_id: str) -> bool:
        """Whether it was submitted here."""
        return job_id not in self._gates or self._gates[job_id].ours

    def too_large(self, job_id: str, details: str) -> WrongReport:
        """A message of a job that could not be received."""
        names = {"framework": self._framework, "address": self._address, "job_id": job_id}
        return WrongReport(english(_TOO_LARGE, **names, details=details))
