"""What is wrong with something that a runner sent: one sentence that names field and value."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from orchestrator.errors import WrongReport, WrongRunner
from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.trials.text import clean

_SHOWN = 60  # characters of a value
_IS = Phrase("{field} is {value}, but should be {wanted}")
FROM = Phrase("a number from {low} to {high}")
ABOVE = Phrase("a number above {low} and up to {high}")
AT_LEAST = Phrase("{least} or more")
AT_MOST = Phrase("at most {most}")
ONE_OF = Phrase("one of {known}")
_OF_A_JOB = Phrase(
    "The {framework} runner at {address} sent an impossible report of the job {job_id}: {what}. "
    "The job counts as failed; update or restart this runner, or ask another one."
)
_OF_ITSELF = Phrase(
    "The {framework} runner at {address} gave an impossible answer: {what}. Update or restart this "
    "runner, or ask another one."
)
_LARGEST, _SMALLEST = 1e6, 1e-4  # beyond these, numbers get an exponent


class Fault(Exception):
    """``what``: a clause."""

    def __init__(self, what: Sentence) -> None:
        super().__init__(what)
        self.what = what


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
            return english(_OF_A_JOB, **names, job_id=clean(self.job_id, _SHOWN))
        return english(_OF_ITSELF, **names)


def require(holds: bool, field: str, value: object, wanted: object) -> None:
    """Raise Fault unless it ``holds``."""
    if not holds:
        raise Fault(english(_IS, field=field, value=shown(value), wanted=wanted))


def require_from(field: str, value: float, low: float, high: float) -> None:
    """Raise Fault unless ``low <= value <= high``, which NaN never satisfies."""
    if not low <= value <= high:
        require(False, field, value, english(FROM, low=shown(low), high=shown(high)))


def shown(value: object) -> str:
    """Return a value for people: one short line."""
    if isinstance(value, float):
        plain = value == 0 or _SMALLEST <= abs(value) < _LARGEST or not math.isfinite(value)
        return f"{value:.6g}" if not plain else f"{value:.10g}"
    text = clean(str(value), _SHOWN) if value != "" else "''"
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
