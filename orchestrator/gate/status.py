"""What a status carries besides its code and message, cleaned and limited in size."""

from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from orchestrator.trials.text import clean, clean_message

_MOST_FIELDS = 100
_LONGEST_PAUSE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Details:
    """``retry_seconds``: when to retry, as far as it is obeyed."""

    message: str = ""
    reason: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    retry_seconds: float = 0.0


def details(error: Any) -> Details:
    """Return the details of a failed call; only the message if it has none."""
    message = clean(error.details() or "")
    try:
        status = rpc_status.from_call(error)
    except (ValueError, DecodeError):  # they do not belong to the code, or are not details
        status = None
    if status is None:
        return Details(message)
    clean_message(status)
    info = error_details_pb2.ErrorInfo()
    bad = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    for detail in status.details:
        for kind in (info, bad, retry):
            detail.Unpack(kind)
    pause = retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9
    return Details(
        message,
        info.reason,
        tuple((v.field, v.description) for v in bad.field_violations[:_MOST_FIELDS]),
        min(max(pause, 0.0), _LONGEST_PAUSE_SECONDS),
    )
