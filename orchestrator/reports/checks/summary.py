"""Checks as Markdown, to be appended to a pipeline's summary, before the result in full."""

from collections.abc import Sequence

from orchestrator.language.phrases import Phrase, Sentence, say
from orchestrator.reports.checks import Check, Result
from orchestrator.reports.grid import Grid, columns, row
from orchestrator.reports.writers import markdown

_HEADINGS = Phrase("Check"), Phrase("Result"), Phrase("What was found")
_RESULTS = {
    Result.PASSED: Phrase("passed"),
    Result.FAILED: Phrase("failed"),
    Result.ERROR: Phrase("error"),
}


def text(title: str, checks: Sequence[Check], documents: Sequence[str]) -> str:
    """Return a heading, the checks that did not pass in a table, and the documents below.

    The passed ones are only counted, so that ten pairs of trials need no twenty rows.
    """
    shown = [check for check in checks if check.result is not Result.PASSED]
    counted = ", ".join(
        f"{count} {say(_RESULTS[result])}"
        for result in Result
        if (count := sum(check.result is result for check in checks))
    )
    parts = [f"## {markdown.escaped(title)}", counted]
    if shown:
        rows = [row(say(each.name), [say(_RESULTS[each.result]), _text(each)]) for each in shown]
        parts.append(markdown.table(Grid(columns(*_HEADINGS, numeric=False), rows)))
    return "\n\n".join([*filter(None, parts), *(each.strip() for each in documents)]) + "\n\n"


def _text(check: Check) -> str:
    return say(check.text) if isinstance(check.text, Sentence) else check.text
