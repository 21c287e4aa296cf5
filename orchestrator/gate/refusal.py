"""A refused report as the end of its job, so that stored data says why it failed."""

from google.rpc import code_pb2, error_details_pb2, status_pb2
from twinrun.contract.reasons import DOMAIN, Reason
from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Sentence

REASON = Reason.RUNNER_WRONG


def refusal(sequence: int, why: Sentence) -> job_pb2.JobEvent:
    """Return the event with that number by which a job failed."""
    event = job_pb2.JobEvent(sequence=sequence)
    event.event_time.GetCurrentTime()
    event.state_changed.state = job_pb2.JOB_STATE_FAILED
    event.state_changed.error.CopyFrom(_status(why))
    return event


def failed(job: job_pb2.Job, why: Sentence) -> job_pb2.Job:
    """Return the job as the orchestrator treats it from then on."""
    copy = job_pb2.Job()
    copy.CopyFrom(job)
    copy.state = job_pb2.JOB_STATE_FAILED
    copy.error.CopyFrom(_status(why))
    return copy


def _status(why: Sentence) -> status_pb2.Status:
    status = status_pb2.Status(code=code_pb2.Code.Value(REASON.code), message=why)
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason=REASON, domain=DOMAIN))
    return status
