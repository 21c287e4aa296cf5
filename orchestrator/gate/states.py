"""A job's state and its phases, in their possible order."""

from collections.abc import Mapping

from twinrun.v1 import job_pb2

from orchestrator.gate import times
from orchestrator.gate.fault import ONE_OF, Fault, require
from orchestrator.gate.times import Elapsed
from orchestrator.language.phrases import Phrase, english
from orchestrator.trials.states import state_name

AGAIN = Phrase("{event} arrived twice")
_AFTER_END = Phrase("{event} arrived after the job's end")
_NOT_RUNNING = Phrase("{event} arrived before the job ran")
_NOT_STARTED = Phrase("{phase} ended without having started")
_A_STATE = Phrase("a state that may follow {before}")
_NO_ERROR = Phrase("an error arrived for a job that is {state}")

_UNENDED = (
    job_pb2.JOB_STATE_UNSPECIFIED,
    job_pb2.JOB_STATE_PENDING,
    job_pb2.JOB_STATE_RUNNING,
)
FAILED = (job_pb2.JOB_STATE_FAILED, job_pb2.JOB_STATE_CANCELLED)
ENDED = (job_pb2.JOB_STATE_SUCCEEDED, *FAILED)
_BEFORE: Mapping[int, tuple[int, ...]] = {  # which may come before each
    job_pb2.JOB_STATE_PENDING: _UNENDED[:1],
    job_pb2.JOB_STATE_RUNNING: _UNENDED[:2],
    job_pb2.JOB_STATE_SUCCEEDED: _UNENDED[2:],
    job_pb2.JOB_STATE_FAILED: _UNENDED,
    job_pb2.JOB_STATE_CANCELLED: _UNENDED,
}
_IMPORT = job_pb2.PHASE_IMPORT  # may have begun before the job


class States:
    """``state``: as last reported."""

    def __init__(self) -> None:
        self.state: int = job_pb2.JOB_STATE_UNSPECIFIED

    def change(self, message: job_pb2.StateChanged) -> None:
        may_follow = self.state in _BEFORE.get(message.state, ())
        wanted = english(_A_STATE, before=name(self.state))
        require(may_follow, "state_changed.state", name(message.state), wanted)
        if message.HasField("error") and message.state not in FAILED:
            raise Fault(english(_NO_ERROR, state=state_name(message.state)))
        self.state = message.state

    def require_running(self, event: str) -> None:
        """Raise Fault if an event cannot come now."""
        if self.state in ENDED:
            raise Fault(english(_AFTER_END, event=event))
        if self.state != job_pb2.JOB_STATE_RUNNING:
            raise Fault(english(_NOT_RUNNING, event=event))


class Phases:
    """``running``: those that started and have not finished."""

    def __init__(self, elapsed: Elapsed | None) -> None:
        self.running: list[int] = []
        self.finished: list[int] = []
        self._elapsed = elapsed

    def start(self, message: job_pb2.PhaseStarted) -> None:
        _require_phase("phase_started.phase", message.phase)
        if message.phase in (*self.running, *self.finished):
            raise Fault(english(AGAIN, event=f"phase_started({phase_name(message.phase)})"))
        self.running.append(message.phase)

    def finish(self, message: job_pb2.PhaseFinished) -> None:
        _require_phase("phase_finished.phase", message.phase)
        phase = phase_name(message.phase)
        if message.phase in self.finished:
            raise Fault(english(AGAIN, event=f"phase_finished({phase})"))
        if message.phase in self.running:
            self.running.remove(message.phase)
        elif message.phase != _IMPORT:
            raise Fault(english(_NOT_STARTED, phase=phase))
        if message.phase != _IMPORT:
            times.require_lived(f"phase_finished({phase})", message.duration, self._elapsed)
        self.finished.append(message.phase)


def _require_phase(field: str, phase: int) -> None:
    known = {number: name for name, number in job_pb2.Phase.items() if number}
    require(phase in known, field, phase, english(ONE_OF, known=", ".join(known.values())))


def phase_name(phase: int) -> str:
    return str(job_pb2.Phase.Name(phase))


def name(state: int) -> str:
    """Return ``JOB_STATE_RUNNING``; for an unknown state its number."""
    return {number: name for name, number in job_pb2.JobState.items()}.get(state, str(state))
