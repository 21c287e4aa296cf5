"""What each machine came to -> a table."""

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label
from orchestrator.reports.grid import UNKNOWN, Cell, Column, Grid, Row
from orchestrator.results.machines.each import Machines, OnMachine

TITLE = Phrase("Machine by machine")
_NOTE = Phrase(
    "How many times as long the slower side took on each machine, with an interval (95 %) of its "
    "blocks alone; one that disagrees with the others is marked *."
)
_MACHINE, _BLOCKS = Phrase("Machine"), Phrase("Blocks")
_RATIO_OF = Phrase("{slower} / {faster}")
_RATIO = Phrase("{ratio:.2f}")
_WITHIN = Phrase("{ratio:.2f} ({low:.2f} to {high:.2f})")
_DISAGREES = Phrase("{ratio} *")


def table(found: Machines) -> Grid:
    """Return a row for each machine, and a column for each pair of sides."""
    headings = [
        say(_RATIO_OF, slower=label(pair.slower), faster=label(pair.faster)) for pair in found.pairs
    ]
    rows = []
    for machine, blocks in found.blocks.items():
        of_pairs = [
            next((each for each in pair.machines if each.machine == machine), None)
            for pair in found.pairs
        ]
        cells = [Cell(machine), Cell(str(blocks)), *map(_cell, of_pairs)]
        rows.append(Row(cells, differs=any(each and each.disagrees for each in of_pairs)))
    named = [Column(Cell(say(_MACHINE)), numeric=False), Column(Cell(say(_BLOCKS)))]
    return Grid([*named, *(Column(Cell(heading)) for heading in headings)], rows)


def note() -> str:
    """Say how to read the table."""
    return say(_NOTE)


def _cell(found: OnMachine | None) -> Cell:
    if found is None:
        return Cell(UNKNOWN)
    ratio = found.ratio
    phrase = _RATIO if ratio.low is None else _WITHIN
    text = say(phrase, ratio=ratio.ratio, low=ratio.low, high=ratio.high)
    return Cell(say(_DISAGREES, ratio=text) if found.disagrees else text, strong=found.disagrees)
