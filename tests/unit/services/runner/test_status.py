"""Errors on their way to a client."""

from google.rpc import error_details_pb2
from hypothesis import given, settings
from hypothesis import strategies as st
from twinrun.contract.converters.failures import failure_to_status
from twinrun.contract.events import Failure
from twinrun.contract.violation import Violation

from services.errors import InvalidRequest, RunnerBusy
from services.runner.status import error_to_status

LAW = settings(database=None)


@LAW
@given(st.text(), st.dictionaries(st.text(max_size=9), st.text() | st.integers(), max_size=3))
def test_every_failure_can_be_sent_whatever_it_holds(message, metadata):
    status = failure_to_status(Failure("TRAINER_FAILED", message, metadata))
    assert len(status.SerializeToString()) < 60_000


@LAW
@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_a_failure_arrives_as_it_was(message):
    failure = Failure("DISK_FULL", message, {"directory": message})
    status = failure_to_status(failure)
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (status.code, status.message) == (8, message)
    assert (info.reason, info.domain) == ("DISK_FULL", "twinrun")
    assert info.metadata["directory"] == message


def test_a_busy_runner_says_when_to_come_back():
    status = error_to_status(RunnerBusy("busy"))
    retry = error_details_pb2.RetryInfo()
    assert status.details[1].Unpack(retry)
    assert retry.retry_delay.ToMilliseconds() == RunnerBusy.retry_seconds * 1000


@LAW
@given(st.lists(st.tuples(st.text(max_size=50), st.text(max_size=2000)), min_size=1, max_size=50))
def test_every_refusal_fits_into_the_headers_of_a_call(fields):
    violations = [Violation(field, message) for field, message in fields]
    status = error_to_status(InvalidRequest(violations))
    in_percent = len(status.message.encode()) * 3
    in_base64 = len(status.SerializeToString()) * 4 / 3
    assert in_percent + in_base64 < 8000  # of 8 KiB, for other headers are there too
    bad = error_details_pb2.BadRequest()
    assert status.details[1].Unpack(bad)
    assert bad.field_violations
