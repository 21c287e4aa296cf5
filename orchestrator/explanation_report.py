"""An explanation -> tables, and a paragraph for a pitfall."""

import textwrap
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table

from orchestrator.explain import Row
from orchestrator.pitfalls import Pitfall
from orchestrator.words import label, number

LET_IN = "Let in"
HEADINGS = ("losses part", "accuracy", "time")
_MATCHED = "nothing"
_MEANING = (
    "Losses part: by more than 0.1 %. Accuracy: {second}'s less {first}'s. Time: {second}'s over "
    "{first}'s."
)
_NEVER = "never"
_STEP = "step {step:,}"
_LINES = "{name}: {does}"
_SOURCE = "Source: {source}"


def report(rows: Sequence[Row]) -> RenderableType:
    """A line for each difference that was let in, and what each framework then does."""
    first, second = (label(name) for name in rows[0].seconds)
    made = Table(box=None, pad_edge=False, show_edge=False)
    made.add_column(LET_IN)
    for heading in HEADINGS:
        made.add_column(heading, justify="right")
    for each in cells(rows):
        made.add_row(*each)
    does = Table(box=None, pad_edge=False, show_edge=False)
    for heading in ("", first, second):
        does.add_column(heading, overflow="fold")
    for row in rows:
        if row.pitfall:
            does.add_row(row.pitfall.title, *(row.pitfall.does(name) for name in row.seconds))
    return Group(made, meaning(rows), "", does)


def cells(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """What was let in, and what it does, by `HEADINGS`."""
    return [
        (
            row.pitfall.title if row.pitfall else _MATCHED,
            _NEVER if row.parts_at is None else _STEP.format(step=row.parts_at),
            f"{100 * row.accuracy_difference:+.2f} points",
            number(row.time_ratio),
        )
        for row in rows
    ]


def meaning(rows: Sequence[Row]) -> str:
    """Of the headings."""
    first, second = (label(name) for name in rows[0].seconds)
    return _MEANING.format(first=first, second=second)


def paragraph(pitfall: Pitfall, width: int = 80) -> str:
    """What it is, what each framework does, and where that is written."""
    does = [
        _LINES.format(name=label(name), does=pitfall.does(name))
        for name in ("pytorch", "tensorflow")
    ]
    text = [textwrap.fill(pitfall.paragraph, width)]
    source = textwrap.fill(_SOURCE.format(source=pitfall.source), width, break_on_hyphens=False)
    return "\n".join([pitfall.title, *does, "", *text, "", source])
