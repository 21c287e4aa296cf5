"""Loops -> a table: an epoch by each loop and framework."""

from rich.table import Table

from orchestrator.loops import Loops
from orchestrator.rows import UNKNOWN, Row
from orchestrator.words import label, number

HEADING = "Seconds of an epoch"
_TITLES = {
    "fit": "its own loop",
    "custom": "a loop of one's own",
    "fit-eager": "its own loop, op by op",
    "custom-eager": "a loop of one's own, op by op",
}


def loops_table(found: Loops) -> Table:
    """Prints on a `rich.console.Console`."""
    table = Table(header_style="bold", box=None, pad_edge=False)
    table.add_column(HEADING)
    for name in frameworks(found):
        table.add_column(label(name), justify="right")
    for row in loops_rows(found):
        table.add_row(row.name, *row.values)
    return table


def frameworks(found: Loops) -> list[str]:
    """That have a finished trial of any loop."""
    return list(dict.fromkeys(name for times in found.epoch_seconds.values() for name in times))


def loops_rows(found: Loops) -> list[Row]:
    """One for each loop."""
    return [
        Row(
            _TITLES[variant],
            [number(by_name[each]) if each in by_name else UNKNOWN for each in frameworks(found)],
        )
        for variant, by_name in found.epoch_seconds.items()
    ]
