"""Why a call was refused or a job did not succeed: every reason, with its gRPC status code.

A reason is a constant in upper case, unique in the domain ``twinrun``; `docs/errors.md` explains
each.
"""

from enum import StrEnum
from typing import Self

DOMAIN = "twinrun"


class Reason(StrEnum):
    """A reason as in ErrorInfo; ``code`` is the name of a gRPC status code."""

    code: str

    def __new__(cls, value: str, code: str) -> Self:
        reason = str.__new__(cls, value)
        reason._value_ = value
        reason.code = code
        return reason

    INVALID_REQUEST = "INVALID_REQUEST", "INVALID_ARGUMENT"
    BAD_WEIGHTS = "BAD_WEIGHTS", "INVALID_ARGUMENT"
    JOB_NOT_FOUND = "JOB_NOT_FOUND", "NOT_FOUND"
    WEIGHTS_NOT_FOUND = "WEIGHTS_NOT_FOUND", "NOT_FOUND"
    LOGITS_NOT_FOUND = "LOGITS_NOT_FOUND", "NOT_FOUND"
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED", "ALREADY_EXISTS"
    RUNNER_BUSY = "RUNNER_BUSY", "UNAVAILABLE"
    RUNNER_STOPPING = "RUNNER_STOPPING", "UNAVAILABLE"
    UNAUTHENTICATED = "UNAUTHENTICATED", "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN", "PERMISSION_DENIED"
    TOO_MANY_CALLS = "TOO_MANY_CALLS", "RESOURCE_EXHAUSTED"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED", "RESOURCE_EXHAUSTED"
    TOO_MANY_WATCHERS = "TOO_MANY_WATCHERS", "RESOURCE_EXHAUSTED"
    DISK_FULL = "DISK_FULL", "RESOURCE_EXHAUSTED"
    STATE_UNWRITABLE = "STATE_UNWRITABLE", "INTERNAL"
    DATA_UNAVAILABLE = "DATA_UNAVAILABLE", "UNAVAILABLE"
    DEVICE_UNAVAILABLE = "DEVICE_UNAVAILABLE", "FAILED_PRECONDITION"
    UNSUPPORTED = "UNSUPPORTED", "FAILED_PRECONDITION"
    CODE_REFUSED = "CODE_REFUSED", "PERMISSION_DENIED"
    CODE_FAILED = "CODE_FAILED", "FAILED_PRECONDITION"
    OUT_OF_MEMORY = "OUT_OF_MEMORY", "RESOURCE_EXHAUSTED"
    TRAINER_FAILED = "TRAINER_FAILED", "INTERNAL"
    CHILD_DIED = "CHILD_DIED", "INTERNAL"
    PART_LOST = "PART_LOST", "ABORTED"
    IMPORT_FAILED = "IMPORT_FAILED", "FAILED_PRECONDITION"
    CANCELLED = "CANCELLED", "CANCELLED"
    RUNNER_STOPPED = "RUNNER_STOPPED", "CANCELLED"
    RUNNER_RESTARTED = "RUNNER_RESTARTED", "ABORTED"
    INTERNAL = "INTERNAL", "INTERNAL"
    # Set by the orchestrator, for a job whose runner sent something impossible.
    RUNNER_WRONG = "RUNNER_WRONG", "DATA_LOSS"


def code_of(reason: str) -> str:
    """Return a reason's status code; for an unknown reason that of an internal error."""
    return next((each.code for each in Reason if each == reason), Reason.INTERNAL.code)
