"""How the parts of one job go on its machines: what they report alike, and why it has failed."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from google.rpc import status_pb2
from twinrun.contract.converters.failures import failure_from_status, failure_to_status
from twinrun.contract.events import Failure
from twinrun.contract.reasons import Reason
from twinrun.v1 import job_pb2

from orchestrator.errors import OrchestratorError
from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import NEXT
from orchestrator.runners.apart import AtOnce

ON = Phrase("On the machine {machine}: {why}")
_OTHER = Phrase(
    "The machine {machine} has other {what} than {first}, which trained the same job with it."
)
_REPORTED = {
    "inputs": Phrase("data"),
    "initial": Phrase("initial weights"),
    "final": Phrase("weights at the end"),
}
_DOUBTFUL = {Reason.PART_LOST, Reason.TRAINER_FAILED}  # may be due to what failed elsewhere


@dataclass(slots=True)
class Parts:
    """The parts of one job, by machine; the ``first`` machine's stands for all.

    ``jobs``: the ids of the others. ``ends``: how parts ended, in the order in which that was
    heard. ``over``: the first part has ended. ``why``: set once the job is known to have failed.
    """

    first: str
    jobs: dict[str, str] = field(default_factory=dict)
    ends: dict[str, job_pb2.Job | OrchestratorError] = field(default_factory=dict)
    followed: AtOnce = field(default_factory=AtOnce)
    over: bool = False
    why: status_pb2.Status | None = None
    _digests: dict[str, dict[str, str]] = field(default_factory=dict)  # by kind and machine

    def note(self, machine: str, event: job_pb2.JobEvent) -> None:
        """Keep what all parts must report alike."""
        kind, digest = "", ""
        if event.HasField("inputs"):
            kind, digest = "inputs", event.inputs.data_sha256
        elif event.HasField("weights_saved"):
            named = job_pb2.WeightsKind.Name(event.weights_saved.kind)
            kind = named.removeprefix("WEIGHTS_KIND_").lower()
            digest = event.weights_saved.sha256
        if kind:
            self._digests.setdefault(kind, {})[machine] = digest

    def has_failed(self, machine: str) -> bool:
        """Return whether a part has ended, and has not succeeded."""
        end = self.ends.get(machine)
        return end is not None and not _succeeded(end)

    def decide(self) -> None:
        """Set why the job has failed, if any part has by itself, or if they are not alike."""
        found = {name: failure for name, end in self.ends.items() if (failure := _failure(end))}
        own = [name for name, each in found.items() if each.reason != Reason.PART_LOST]
        if not own and self.first in found:  # each has lost another, and none knows more
            own = list(found)
        if own:
            own.sort(key=lambda name: found[name].reason in _DOUBTFUL)
            why = [english(ON, machine=name, why=found[name].message) for name in own]
            cause = found[own[0]]
            self.why = failure_to_status(Failure(cause.reason, join(NEXT, why), cause.metadata))
        elif all(map(_succeeded, self.ends.values())) and (unlike := list(self._unlike())):
            self.why = failure_to_status(Failure(Reason.TRAINER_FAILED, join(NEXT, unlike)))

    def _unlike(self) -> Iterator[Sentence]:
        for kind, digests in self._digests.items():
            first = digests.get(self.first)
            for machine, digest in digests.items():
                if digest != first:
                    what = english(_REPORTED[kind])
                    yield english(_OTHER, machine=machine, first=self.first, what=what)


def _succeeded(end: job_pb2.Job | OrchestratorError) -> bool:
    return isinstance(end, job_pb2.Job) and end.state == job_pb2.JOB_STATE_SUCCEEDED


def _failure(end: job_pb2.Job | OrchestratorError) -> Failure | None:
    """Return why a part has failed; None: it has not, or was asked to end."""
    if isinstance(end, OrchestratorError):
        return Failure(Reason.RUNNER_WRONG, end.message)
    return failure_from_status(end.error) if end.state == job_pb2.JOB_STATE_FAILED else None
