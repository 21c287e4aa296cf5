"""A failure as `google.rpc.Status` with `ErrorInfo`, and back."""

from google.rpc import code_pb2, error_details_pb2, status_pb2

from twinrun.contract.events import Failure
from twinrun.contract.reasons import DOMAIN, code_of

# A call's status travels in headers, which gRPC limits to 8 KiB: as text and again in base64.
_MESSAGE_BYTES = 1000
_METADATA_BYTES = 2**14  # the last lines of a process; they travel in a Job, not in headers


def failure_to_status(failure: Failure) -> status_pb2.Status:
    """Write the status whose code is the reason's; texts are cut to what a status can hold."""
    status = status_pb2.Status(
        code=code_pb2.Code.Value(code_of(failure.reason)),
        message=clipped(failure.message, _MESSAGE_BYTES),
    )
    info = error_details_pb2.ErrorInfo(reason=failure.reason, domain=DOMAIN)
    for key, value in failure.metadata.items():
        info.metadata[key] = clipped(value, _METADATA_BYTES)
    status.details.add().Pack(info)
    return status


def failure_from_status(status: status_pb2.Status) -> Failure:
    """Read why a job failed; without ErrorInfo the reason is empty. Raises DecodeError."""
    info = error_details_pb2.ErrorInfo()
    if any(detail.Unpack(info) for detail in status.details):
        return Failure(info.reason, status.message, dict(info.metadata))
    return Failure("", status.message)


def clipped(value: object, most_bytes: int) -> str:
    """Return the value as a proto string can hold it: valid Unicode, of limited length."""
    encoded = str(value).encode(errors="backslashreplace")
    if len(encoded) > most_bytes:
        encoded = encoded[:most_bytes] + b" ..."
    return encoded.decode(errors="ignore")
