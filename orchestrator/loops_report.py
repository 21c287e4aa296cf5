"""Loops -> a table: an epoch by each loop and framework."""

from rich.table import Table

from orchestrator.language import Phrase, say
from orchestrator.loops import Loops
from orchestrator.rows import UNKNOWN
from orchestrator.words import label, number

_SECONDS = Phrase("Seconds of an epoch")
_TITLES = {
    "fit": Phrase("its own loop"),
    "custom": Phrase("a loop of one's own"),
    "fit-eager": Phrase("its own loop, op by op"),
    "custom-eager": Phrase("a loop of one's own, op by op"),
}


def loops_table(found: Loops) -> Table:
    """Prints on a `rich.console.Console`."""
    frameworks = list(
        dict.fromkeys(name for by_name in found.epoch_seconds.values() for name in by_name)
    )
    table = Table(header_style="bold", box=None, pad_edge=False)
    table.add_column(say(_SECONDS), overflow="fold")
    for name in frameworks:
        table.add_column(label(name), justify="right", overflow="fold")
    for variant, by_name in found.epoch_seconds.items():
        cells = [number(by_name[name]) if name in by_name else UNKNOWN for name in frameworks]
        table.add_row(say(_TITLES[variant]), *cells)
    return table
