"""Errors as `google.rpc.Status`, with the details that make them readable by programs."""

from collections.abc import Sequence

from google.rpc import code_pb2, error_details_pb2, status_pb2

from services import errors
from services.errors import DOMAIN, InvalidRequest, TwinrunError
from services.events import Failure
from services.spec import Violation

# A call's status travels in headers, of which gRPC takes 8 KiB: as text and once more in base64.
_MESSAGE_BYTES = 1000
_VIOLATION_BYTES = 500
_BAD_REQUEST_BYTES = 2000
_METADATA_BYTES = 2**14  # the last lines of a process, in a Job and not in headers


def failure_to_status(failure: Failure) -> status_pb2.Status:
    """`google.rpc.Status` with ErrorInfo; `services.errors` gives each reason its code."""
    code = errors.by_reason().get(failure.reason, TwinrunError).code
    status = status_pb2.Status(
        code=code_pb2.Code.Value(code), message=_text(failure.message, _MESSAGE_BYTES)
    )
    info = error_details_pb2.ErrorInfo(reason=failure.reason, domain=DOMAIN)
    for key, value in failure.metadata.items():
        info.metadata[key] = _text(value, _METADATA_BYTES)
    status.details.add().Pack(info)
    return status


def error_to_status(error: TwinrunError) -> status_pb2.Status:
    """As `failure_to_status`, with BadRequest or RetryInfo where the error has them."""
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
            field=violation.field, description=_text(violation.message, _VIOLATION_BYTES)
        )
    return bad


def _text(value: object, most_bytes: int) -> str:
    """What a proto string can hold of it: valid Unicode, and not endlessly much."""
    encoded = str(value).encode(errors="backslashreplace")
    if len(encoded) > most_bytes:
        encoded = encoded[:most_bytes] + b" ..."
    return encoded.decode(errors="ignore")
