"""Every error that a client can meet: status code, reason, metadata.

A reason is a constant in upper case, unique in the domain ``twinrun``; `docs/errors.md` lists them.
"""

import errno
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from services.spec import Violation

DOMAIN = "twinrun"


class TwinrunError(Exception):
    """A foreseen fault. ``code`` is the name of a gRPC status code."""

    code: ClassVar[str] = "INTERNAL"
    reason: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str, **metadata: str) -> None:
        super().__init__(message)
        self.message = message
        self.metadata = metadata


class InvalidRequest(TwinrunError):
    """One or more bad fields, all named."""

    code = "INVALID_ARGUMENT"
    reason = "INVALID_REQUEST"
    violations: tuple[Violation, ...] = ()

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("; ".join(f"{v.field} {v.message}" for v in violations) + ".")
        self.violations = tuple(violations)


class BadWeights(TwinrunError):
    code = "INVALID_ARGUMENT"
    reason = "BAD_WEIGHTS"


class JobNotFound(TwinrunError):
    code = "NOT_FOUND"
    reason = "JOB_NOT_FOUND"


class WeightsNotFound(TwinrunError):
    code = "NOT_FOUND"
    reason = "WEIGHTS_NOT_FOUND"


class LogitsNotFound(TwinrunError):
    code = "NOT_FOUND"
    reason = "LOGITS_NOT_FOUND"


class RequestIdReused(TwinrunError):
    code = "ALREADY_EXISTS"
    reason = "REQUEST_ID_REUSED"


class RunnerBusy(TwinrunError):
    code = "UNAVAILABLE"
    reason = "RUNNER_BUSY"
    retry_seconds: ClassVar[float] = 5.0


class RunnerStopping(TwinrunError):
    code = "UNAVAILABLE"
    reason = "RUNNER_STOPPING"


class TooManyWatchers(TwinrunError):
    code = "RESOURCE_EXHAUSTED"
    reason = "TOO_MANY_WATCHERS"


class DiskFull(TwinrunError):
    code = "RESOURCE_EXHAUSTED"
    reason = "DISK_FULL"


class StateUnwritable(TwinrunError):
    """The runner's state directory takes no files."""

    code = "INTERNAL"
    reason = "STATE_UNWRITABLE"


class DataUnavailable(TwinrunError):
    """A dataset could not be had, or what was had is not it."""

    code = "UNAVAILABLE"
    reason = "DATA_UNAVAILABLE"


class DeviceUnavailable(TwinrunError):
    code = "FAILED_PRECONDITION"
    reason = "DEVICE_UNAVAILABLE"


class Unsupported(TwinrunError):
    """The framework cannot do this part of the spec, here or at all."""

    code = "FAILED_PRECONDITION"
    reason = "UNSUPPORTED"


class OutOfMemory(TwinrunError):
    code = "RESOURCE_EXHAUSTED"
    reason = "OUT_OF_MEMORY"


class TrainerFailed(TwinrunError):
    """The framework, or the code around it, raised what nobody foresaw."""

    code = "INTERNAL"
    reason = "TRAINER_FAILED"


class ChildDied(TwinrunError):
    """The job's process ended without a result: an exit code or a signal."""

    code = "INTERNAL"
    reason = "CHILD_DIED"


class ImportFailed(TwinrunError):
    code = "FAILED_PRECONDITION"
    reason = "IMPORT_FAILED"


class Cancelled(TwinrunError):
    code = "CANCELLED"
    reason = "CANCELLED"


class RunnerStopped(TwinrunError):
    code = "CANCELLED"
    reason = "RUNNER_STOPPED"


class RunnerRestarted(TwinrunError):
    code = "ABORTED"
    reason = "RUNNER_RESTARTED"


def disk_error(error: OSError, directory: Path) -> TwinrunError:
    """What a fault in writing below ``directory`` is to a client."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(
            f"No space is left on the disk that holds {directory}: free some, or choose another "
            "directory.",
            directory=str(directory),
        )
    return StateUnwritable(
        f"{directory} cannot be written to: {error}. Choose a directory that can.",
        directory=str(directory),
    )


def by_reason() -> dict[str, type[TwinrunError]]:
    """Every error class by its reason."""
    classes: list[type[TwinrunError]] = [TwinrunError, *TwinrunError.__subclasses__()]
    return {cls.reason: cls for cls in classes}


def again(reason: str, message: str, metadata: Mapping[str, str]) -> TwinrunError:
    """The error that another process has reported; TrainerFailed where the reason is not known."""
    cls = by_reason().get(reason, TrainerFailed)
    error = cls.__new__(cls)  # past constructors that make the message themselves
    TwinrunError.__init__(error, message, **metadata)
    return error
