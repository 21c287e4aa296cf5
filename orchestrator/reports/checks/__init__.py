"""A result as checks, each passed or not, as the pages of a pipeline list them.

``junit`` writes them as JUnit's XML, ``summary`` as Markdown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from twinrun.contract.enums import JobState

from orchestrator.certificate.certificate import Certificate
from orchestrator.certificate.certificates import Unmade, pair
from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.language.words import OF, label
from orchestrator.reports.comparison import caution_text
from orchestrator.results.comparison import Comparison
from orchestrator.results.limits.decision import Decision, Outcome

_TRIAL = Phrase("trial {number} of {side} succeeds")
_SAME = Phrase("same job: {sides}")
_INPUTS = Phrase("same inputs")
_TIMED = Phrase("same job while timed: {sides}")
_SIDES = Phrase("{one} and {other}")
_LIMIT = Phrase("{side}: not {condition}")
_ENDS = Phrase("the command ends")


class Result(StrEnum):
    """``failed``: it was measured, and is not so. ``error``: it could not be told."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Check:
    """``name``: what should be so. ``text``: what was found."""

    name: Sentence
    result: Result
    text: str


def of_comparison(found: Comparison) -> Iterator[Check]:
    """Yield the trials' ends, that it was the same job, then the decisions of its conditions."""
    for side, trials in found.trials.items():
        for trial in trials:
            name = english(_TRIAL, number=trial.number, side=label(side))
            good = trial.state is JobState.SUCCEEDED
            text = trial.error.message if trial.error else trial.state.value
            yield Check(name, Result.PASSED if good else Result.ERROR, text)
    if found.inputs.same is not None and len(found.trials) > 1:
        result = Result.PASSED if found.inputs.same else Result.FAILED
        yield Check(english(_INPUTS), result, found.inputs.sentence)
    yield from of_certificates(found.certificates.pairs if found.certificates else ())
    for each in found.pairs:
        if each.timed is not None:
            result = Result.PASSED if each.timed.same else Result.FAILED
            yield Check(_of(_TIMED, each.baseline, each.side), result, each.timed.sentence or "")
    yield from of_decisions(found.decisions)


def of_certificates(found: Sequence[Certificate | Unmade], of: str = "") -> Iterator[Check]:
    """Yield whether each pair was shown to do the same job; ``of``: a workload, if not named."""
    for each in found:
        certified = isinstance(each, Certificate)
        result = Result.FAILED if certified else Result.ERROR
        result = Result.PASSED if each.same_job else result
        name = english(_SAME, sides=pair(each))
        yield Check(english(OF, name=of, what=name) if of else name, result, each.sentence)


def of_decisions(made: Sequence[Decision]) -> Iterator[Check]:
    """Yield what was decided of each condition."""
    for each in made:
        name = english(_LIMIT, side=label(each.side), condition=each.condition)
        yield Check(name, _RESULTS[each.outcome], each.sentence)


def of_error(message: str) -> Check:
    """Return what ended a command before its result."""
    return Check(english(_ENDS), Result.ERROR, message)


def warnings(found: Comparison) -> list[str]:
    """Return each warning with its code and its remedy."""
    return [f"{each.code}: {caution_text(each)}" for each in found.cautions]


_RESULTS = {
    Outcome.PASSED: Result.PASSED,
    Outcome.FAILED: Result.FAILED,
    Outcome.UNDECIDED: Result.ERROR,
}


def _of(phrase: Phrase, one: str, other: str) -> Sentence:
    return english(phrase, sides=english(_SIDES, one=label(one), other=label(other)))
