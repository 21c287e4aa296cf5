"""An explanation -> a table, and a paragraph for a pitfall."""

import textwrap
from collections.abc import Sequence

from rich.table import Table

from orchestrator.explain import Row
from orchestrator.pitfalls import Pitfall
from orchestrator.words import label, number

_MATCHED = "Nothing: the matched job"
_NEVER = "never"
_STEP = "step {step:,}"
_LINES = "{name}: {does}"
_SOURCE = "Source: {source}"


def table(rows: Sequence[Row]) -> Table:
    """A line for each difference that was let in."""
    first, second = (label(name) for name in rows[0].seconds)
    made = Table(box=None, pad_edge=False, show_edge=False)
    made.add_column("Let in")
    made.add_column(first, overflow="fold")
    made.add_column(second, overflow="fold")
    made.add_column("Losses part", justify="right")
    made.add_column("Accuracy", justify="right")
    made.add_column("Time", justify="right")
    made.add_row(
        "", "does", "does", "> 0.1 %", f"{second} - {first}", f"{second} / {first}", style="dim"
    )
    for row in rows:
        done = [row.pitfall.does(name) if row.pitfall else "" for name in row.seconds]
        made.add_row(
            row.pitfall.title if row.pitfall else _MATCHED,
            *done,
            _NEVER if row.parts_at is None else _STEP.format(step=row.parts_at),
            f"{100 * row.accuracy_difference:+.2f} points",
            f"{number(row.time_ratio)}x",
        )
    return made


def paragraph(pitfall: Pitfall, width: int = 80) -> str:
    """What it is, what each framework does, and where that is written."""
    does = [
        _LINES.format(name=label(name), does=pitfall.does(name))
        for name in ("pytorch", "tensorflow")
    ]
    text = [textwrap.fill(pitfall.paragraph, width)]
    source = textwrap.fill(_SOURCE.format(source=pitfall.source), width, break_on_hyphens=False)
    return "\n".join([pitfall.title, *does, "", *text, "", source])
