"""A difference of two runs -> lines: the result, then what else differs."""

from collections.abc import Iterator, Sequence

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label
from orchestrator.reports.grid import UNKNOWN
from orchestrator.results.difference import Change, Difference
from orchestrator.trials.changes import written

_SPEC = Phrase("The jobs differ in:")
_CHANGED = Phrase("Changed on purpose:")
_ENVIRONMENT = Phrase("{side}'s environments differ in:")
_ALIKE = Phrase("{side}'s environments are the same.")
_MOST = 60  # characters of a value


def lines(found: Difference) -> Iterator[str]:
    """Yield lines, starting with what limits the findings, and a finding for each framework."""
    yield from map(say, found.sentences)
    yield from (say(side.quality) for side in found.sides if side.quality is not None)
    if found.spec:
        yield ""
        yield say(_CHANGED if found.purpose else _SPEC)
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
    first, second = (_cut(change.field, value) for value in (change.first, change.second))
    return f"  {change.field}: {first} -> {second}"


def _cut(field: str, value: object) -> str:
    text = UNKNOWN if value is None else written(field, value)
    return text if len(text) <= _MOST else f"{text[:_MOST]}..."
