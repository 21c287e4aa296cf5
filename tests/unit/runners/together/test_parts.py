"""Why a job of several machines has failed: which one's part has, and whether they are alike."""

import pytest
from twinrun.contract.converters.failures import failure_from_status, failure_to_status
from twinrun.contract.events import Failure
from twinrun.v1 import job_pb2

from orchestrator.errors import RunnerUnavailable
from orchestrator.language.phrases import Phrase, english
from orchestrator.runners.together.parts import Parts

SUCCEEDED = job_pb2.Job(state=job_pb2.JOB_STATE_SUCCEEDED)
CANCELLED = job_pb2.Job(state=job_pb2.JOB_STATE_CANCELLED)


def failed(reason, message="it did"):
    error = failure_to_status(Failure(reason, message, {"of": reason}))
    return job_pb2.Job(state=job_pb2.JOB_STATE_FAILED, error=error)


def why(**ends):
    """Return why the job failed whose parts ended so, in this order; None: it did not."""
    parts = Parts("first")
    parts.ends.update(ends)
    parts.decide()
    return None if parts.why is None else failure_from_status(parts.why)


def test_it_succeeds_if_all_parts_do():
    assert why(second=SUCCEEDED, first=SUCCEEDED) is None


def test_its_reason_is_that_of_the_part_and_names_the_machine():
    lost = failed("PART_LOST", "an exchange failed")
    found = why(first=lost, second=failed("OUT_OF_MEMORY", "Memory ran out."))
    assert found.reason == "OUT_OF_MEMORY"
    assert found.message == "On the machine second: Memory ran out."
    assert found.metadata == {"of": "OUT_OF_MEMORY"}


def test_a_part_that_is_cancelled_because_another_failed_is_no_reason():
    assert (
        why(second=failed("DISK_FULL"), first=CANCELLED).message == "On the machine second: it did"
    )


def test_a_job_that_is_cancelled_has_not_failed():
    assert why(first=CANCELLED, second=CANCELLED) is None
    assert why(first=CANCELLED, second=failed("PART_LOST")) is None


def test_an_error_that_another_may_have_caused_is_named_last():
    found = why(first=failed("TRAINER_FAILED", "a."), second=failed("CHILD_DIED", "b."))
    assert found.message == "On the machine second: b. On the machine first: a."
    assert found.reason == "CHILD_DIED"


def test_parts_that_lost_each_other_are_all_named():
    found = why(first=failed("PART_LOST", "a."), second=failed("PART_LOST", "b."))
    assert found.message == "On the machine first: a. On the machine second: b."


def test_a_part_whose_runner_is_lost_is_named():
    lost = RunnerUnavailable(english(Phrase("its runner is gone")))
    assert why(first=failed("PART_LOST"), second=lost).message == (
        "On the machine second: its runner is gone"
    )


@pytest.mark.parametrize(
    ("kind", "what"), [("INITIAL", "initial weights"), ("FINAL", "weights at the end")]
)
def test_machines_that_hold_other_weights_are_refused(kind, what):
    parts = Parts("first")
    for machine, digest in (("first", "a"), ("second", "b"), ("third", "a")):
        event = job_pb2.JobEvent()
        event.weights_saved.kind = job_pb2.WeightsKind.Value(f"WEIGHTS_KIND_{kind}")
        event.weights_saved.sha256 = digest
        parts.note(machine, event)
        parts.ends[machine] = SUCCEEDED
    parts.decide()
    found = failure_from_status(parts.why)
    assert found.reason == "TRAINER_FAILED"
    assert found.message == (
        f"The machine second has other {what} than first, which trained the same job with it."
    )


def test_machines_that_have_other_data_are_refused():
    parts = Parts("first")
    for machine, digest in (("second", "a"), ("first", "b")):
        event = job_pb2.JobEvent()
        event.inputs.data_sha256 = digest
        parts.note(machine, event)
        parts.ends[machine] = SUCCEEDED
    parts.decide()
    assert "The machine second has other data than first" in parts.why.message
