"""Loops -> a table: an epoch by each loop and framework."""

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label, number
from orchestrator.reports.plain import Table
from orchestrator.reports.rows import UNKNOWN, Row
from orchestrator.results.loops import Loops

HEADING = Phrase("Seconds of an epoch")
_TITLES = {
    "fit": Phrase("its own loop"),
    "custom": Phrase("a loop of one's own"),
    "fit-eager": Phrase("its own loop, op by op"),
    "custom-eager": Phrase("a loop of one's own, op by op"),
}


def loops_table(found: Loops) -> Table:
    """Prints on a `rich.console.Console`."""
    table = Table(header_style="bold", box=None, pad_edge=False)
    table.add_column(say(HEADING), overflow="fold")
    for name in frameworks(found):
        table.add_column(label(name), justify="right", overflow="fold")
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
            say(_TITLES[variant]),
            [number(by_name[each]) if each in by_name else UNKNOWN for each in frameworks(found)],
        )
        for variant, by_name in found.epoch_seconds.items()
    ]
