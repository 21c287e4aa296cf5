"""Every error that a client can meet, with its message beside its reason."""

import errno
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from twinrun.contract.reasons import Reason
from twinrun.contract.violation import Violation


class TwinrunError(Exception):
    """A foreseen error."""

    reason: ClassVar[Reason] = Reason.INTERNAL

    def __init__(self, message: str, **metadata: str) -> None:
        super().__init__(message)
        self.message = message
        self.metadata = metadata


class InvalidRequest(TwinrunError):
    """One or more invalid fields, all named."""

    reason = Reason.INVALID_REQUEST
    violations: tuple[Violation, ...] = ()

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("; ".join(f"{v.field} {v.message}" for v in violations) + ".")
        self.violations = tuple(violations)


class BadWeights(TwinrunError):
    reason = Reason.BAD_WEIGHTS


class Unauthenticated(TwinrunError):
    reason = Reason.UNAUTHENTICATED


class Forbidden(TwinrunError):
    reason = Reason.FORBIDDEN


class TooManyCalls(TwinrunError):
    reason = Reason.TOO_MANY_CALLS


class QuotaExceeded(TwinrunError):
    reason = Reason.QUOTA_EXCEEDED


class JobNotFound(TwinrunError):
    reason = Reason.JOB_NOT_FOUND


class WeightsNotFound(TwinrunError):
    reason = Reason.WEIGHTS_NOT_FOUND


class LogitsNotFound(TwinrunError):
    reason = Reason.LOGITS_NOT_FOUND


class RequestIdReused(TwinrunError):
    reason = Reason.REQUEST_ID_REUSED


class RunnerBusy(TwinrunError):
    reason = Reason.RUNNER_BUSY
    retry_seconds: ClassVar[float] = 5.0


class RunnerStopping(TwinrunError):
    reason = Reason.RUNNER_STOPPING


class TooManyWatchers(TwinrunError):
    reason = Reason.TOO_MANY_WATCHERS


class DiskFull(TwinrunError):
    reason = Reason.DISK_FULL


class StateUnwritable(TwinrunError):
    """The runner's state directory is not writable."""

    reason = Reason.STATE_UNWRITABLE


class DataUnavailable(TwinrunError):
    """A dataset is not available, or its contents are wrong."""

    reason = Reason.DATA_UNAVAILABLE


class DeviceUnavailable(TwinrunError):
    reason = Reason.DEVICE_UNAVAILABLE


class Unsupported(TwinrunError):
    """The framework does not support this part of the spec, here or at all."""

    reason = Reason.UNSUPPORTED


class CodeRefused(TwinrunError):
    """The runner executes no users' code."""

    reason = Reason.CODE_REFUSED


class CodeFailed(TwinrunError):
    """The user's own code raised an error, or is not what a job needs."""

    reason = Reason.CODE_FAILED


class OutOfMemory(TwinrunError):
    reason = Reason.OUT_OF_MEMORY


class TrainerFailed(TwinrunError):
    """The framework, or the code around it, raised an unforeseen error."""

    reason = Reason.TRAINER_FAILED


class ChildDied(TwinrunError):
    """The job's process ended without a result: an exit code or a signal."""

    reason = Reason.CHILD_DIED


class PartLost(TwinrunError):
    """Another machine's part of the job has ended, or is out of reach."""

    reason = Reason.PART_LOST


class ImportFailed(TwinrunError):
    reason = Reason.IMPORT_FAILED


class Cancelled(TwinrunError):
    reason = Reason.CANCELLED


class RunnerStopped(TwinrunError):
    reason = Reason.RUNNER_STOPPED


class RunnerRestarted(TwinrunError):
    reason = Reason.RUNNER_RESTARTED


def disk_error(error: OSError, directory: Path) -> TwinrunError:
    """Return the error that a failed write below ``directory`` is to a client."""
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
    """Return every error class by its reason."""
    classes: list[type[TwinrunError]] = [TwinrunError, *TwinrunError.__subclasses__()]
    return {cls.reason: cls for cls in classes}


def again(reason: str, message: str, metadata: Mapping[str, str]) -> TwinrunError:
    """Return the error that another process reported; TrainerFailed if the reason is unknown."""
    cls = by_reason().get(reason, TrainerFailed)
    error = cls.__new__(cls)  # bypasses constructors that compose the message themselves
    TwinrunError.__init__(error, message, **metadata)
    return error
