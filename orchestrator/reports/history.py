"""Runs -> lines: what each is, and below it its result."""

from collections.abc import Iterator, Sequence

from orchestrator.language import columns
from orchestrator.language.phrases import Phrase, english, join, say
from orchestrator.language.words import AND, SEMICOLON, label
from orchestrator.results.history import Entry

_SAME = {
    True: Phrase("same job"),
    False: Phrase("not shown to be the same job"),
}
_KINDS = {
    "compare": Phrase("compare"),
    "train": Phrase("train"),
    "recipes": Phrase("recipes"),
    "loops": Phrase("loops"),
    "verify": Phrase("verify"),
    "explain": Phrase("explain"),
    "unknown": Phrase("unknown"),
}
_INDENT = "    "


def lines(found: Sequence[Entry], width: int) -> Iterator[str]:
    """Yield lines of at most ``width`` columns, except for a run's name."""
    for each in found:
        frameworks = join(AND, map(label, each.frameworks))
        warnings = ", ".join(each.warnings)
        parts = [english(_KINDS[each.kind]), frameworks, _same(each.same_job), warnings]
        yield each.name
        for text in (say(join(SEMICOLON, filter(None, parts))), say(each.finding)):
            yield from columns.wrap(text, width, initial_indent=_INDENT, subsequent_indent=_INDENT)


def _same(same_job: bool | None) -> str:
    return "" if same_job is None else english(_SAME[same_job])
