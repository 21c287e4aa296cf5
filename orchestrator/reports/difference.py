"""A difference of two runs -> lines: the result, then what else differs."""

from collections.abc import Iterator, Sequence

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label
from orchestrator.reports.grid import UNKNOWN
from orchestrator.results.difference import Change, Difference

_SPEC = Phrase("The jobs differ in:")
_ENVIRONMENT = Phrase("{side}'s environments differ in:")
_ALIKE = Phrase("{side}'s environments are the same.")
_MOST = 60  # characters of a value


def lines(found: Difference) -> Iterator[str]:
    """Yield lines, starting with a finding for each framework."""
    for side in found.sides:
        yield say(side.sentence)
    if found.spec:
        yield ""
        yield say(_SPEC)
        yield from map(_line, found.spec)
    for side in found.sides:
        yield ""
        yield from _environment(label(side.name), side.environment)


def _environment(side: str, changes: Sequence[Change]) -> Iterator[str]:
    if not changes:
        yield say(_ALIKE, side=side)
        return
    yield say(_ENVIRONMENT, side=side)
    yield from map(_line, changes)


def _line(change: Change) -> str:
    return f"  {change.field}: {_written(change.first)} -> {_written(change.second)}"


def _written(value: object) -> str:
    text = UNKNOWN if value is None else str(value)
    return text if len(text) <= _MOST else f"{text[:_MOST]}..."
