"""Runs -> lines: what each is, and below it what it came to."""

import textwrap
from collections.abc import Iterator, Sequence

from orchestrator.history import Entry
from orchestrator.words import label

_SAME = {True: "same job", False: "not shown to be the same job", None: ""}
_INDENT = "    "


def lines(found: Sequence[Entry], width: int) -> Iterator[str]:
    """At most ``width`` columns wide, but for a run's name."""
    for each in found:
        frameworks = " and ".join(map(label, each.frameworks))
        told = [each.kind, frameworks, _SAME[each.same_job], ", ".join(each.warnings)]
        yield each.name
        for text in ("; ".join(filter(None, told)), each.finding):
            yield from textwrap.wrap(text, width, initial_indent=_INDENT, subsequent_indent=_INDENT)
