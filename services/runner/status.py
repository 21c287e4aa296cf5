"""Errors as `google.rpc.Status`, with the details that make them readable by programs."""

from collections.abc import Sequence

from google.rpc import error_details_pb2, status_pb2
from twinrun.contract.converters.failures import clipped, failure_to_status
from twinrun.contract.events import Failure
from twinrun.contract.violation import Violation

from services import errors
from services.errors import InvalidRequest, TwinrunError

# A call's status travels in headers, which gRPC limits to 8 KiB: as text and again in base64.
_VIOLATION_BYTES = 500
_BAD_REQUEST_BYTES = 2000


def error_to_status(error: TwinrunError) -> status_pb2.Status:
    """Write as `failure_to_status` does, with BadRequest or RetryInfo if the error has them."""
    status = failure_to_status(Failure(error.reason, error.message, error.metadata))
    if isinstance(error, InvalidRequest):
        status.details.add().Pack(_bad_request(error.violations))
    if isinstance(error, errors.RunnerBusy):
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(round(error.retry_seconds * 1000))
        status.details.add().Pack(retry)
    return status


def _bad_request(violations: Sequence[Violation]) -> error_details_pb2.BadRequest:
    bad = error_details_pb2.BadRequest()
    for count, violation in enumerate(violations):
        if bad.ByteSize() > _BAD_REQUEST_BYTES:
            rest = f"has {len(violations) - count} more bad fields beside those named before"
            bad.field_violations.add(field="spec", description=rest)
            break
        bad.field_violations.add(
            field=violation.field, description=clipped(violation.message, _VIOLATION_BYTES)
        )
    return bad
