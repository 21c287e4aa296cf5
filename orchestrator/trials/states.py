"""The state of a job, in words."""

from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Sentence
from orchestrator.language.words import state_of


def state_name(state: job_pb2.JobState) -> Sentence:
    """Return the state in words: ``succeeded``."""
    return state_of(job_pb2.JobState.Name(state).removeprefix("JOB_STATE_").lower())
