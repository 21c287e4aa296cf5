"""Every foreseen error of the orchestrator, with the exit code that it causes.

| code | meaning |
|---|---|
| 0 | success |
| 1 | an unforeseen error |
| 2 | invalid input: a flag, a workload, a spec, a run that cannot be found or read |
| 3 | no runner could be reached, it was lost, or it is the wrong one |
| 4 | a job failed |
| 5 | results could not be written |
| 6 | not shown to be the same job |
| 7 | the result stands with warnings, and --strict is set |
| 8 | a limit is exceeded: of --fail-if or --fail-if-slower |
| 9 | the measurements do not decide whether it is |
| 130 | interrupted |
| 141 | nobody reads the output any more |
"""

from collections.abc import Sequence
from typing import ClassVar

from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import SEMICOLON

_REFUSED = Phrase("The job was refused: {faults}.")
_FAULT = Phrase("{field} {message}")


class OrchestratorError(Exception):
    """A foreseen error: ``message`` names the value and the remedy."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: Sentence) -> None:
        super().__init__(message)
        self.message = message


class BadInput(OrchestratorError):
    exit_code = 2


class Refused(BadInput):
    """A job that a runner refuses; ``fields``: path in the spec, and what is wrong."""

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        bad = [english(_FAULT, field=field, message=message) for field, message in fields]
        super().__init__(english(_REFUSED, faults=join(SEMICOLON, bad)))
        self.fields = tuple(fields)


class RunNotFound(BadInput):
    pass


class RunUnreadable(BadInput):
    """A file of a run directory has invalid contents."""


class RunnerUnavailable(OrchestratorError):
    exit_code = 3


class TooSlow(RunnerUnavailable):
    """A runner that takes connections, but does not answer."""


class WrongRunner(RunnerUnavailable):
    """A runner that answers, but has another framework or another version."""


class JobFailed(OrchestratorError):
    exit_code = 4


class CannotRun(JobFailed):
    """The runner cannot run the job: without its data, its device or its framework."""


class WrongReport(JobFailed):
    """A runner sent something impossible about a job; the message names runner and field."""


class Doubtful(OrchestratorError):
    """A result that stands with warnings, where none were accepted."""

    exit_code = 7


class BeyondLimit(OrchestratorError):
    """A value that is beyond a limit with its whole interval."""

    exit_code = 8


class Undecided(OrchestratorError):
    """A value whose interval does not tell whether it is beyond a limit."""

    exit_code = 9


class NotTheSameJob(OrchestratorError):
    exit_code = 6


class OutputError(OrchestratorError):
    exit_code = 5
