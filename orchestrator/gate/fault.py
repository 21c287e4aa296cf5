"""What is wrong with something that a runner sent: one sentence that names field and value."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from orchestrator.errors import WrongReport, WrongRunner
from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.trials.mappings.faults import (
    ABOVE,
    AT_LEAST,
    AT_MOST,
    FROM,
    ONE_OF,
    SHOWN,
    Fault,
    require,
    require_from,
    shown,
)
from orchestrator.trials.text import clean

__all__ = [
    "ABOVE",
    "AT_LEAST",
    "AT_MOST",
    "FROM",
    "ONE_OF",
    "Fault",
    "Origin",
    "require",
    "require_from",
    "shown",
]
_OF_A_JOB = Phrase(
    "The {framework} runner at {address} sent an impossible report of the job {job_id}: {what}. "
    "The job counts as failed; update or restart this runner, or ask another one."
)
_OF_ITSELF = Phrase(
    "The {framework} runner at {address} gave an impossible answer: {what}. Update or restart this "
    "runner, or ask another one."
)


@dataclass(frozen=True, slots=True)
class Origin:
    """The runner that something came from, and its job; empty: no job."""

    framework: str
    address: str
    job_id: str = ""

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Turn a Fault of the block into the error for the user."""
        try:
            yield
        except Fault as fault:
            kind = WrongReport if self.job_id else WrongRunner
            raise kind(self.said(fault)) from fault

    def said(self, fault: Fault) -> Sentence:
        """Return the fault as a sentence for the user."""
        names = {"framework": self.framework, "address": self.address, "what": fault.what}
        if self.job_id:
            return english(_OF_A_JOB, **names, job_id=clean(self.job_id, SHOWN))
        return english(_OF_ITSELF, **names)
