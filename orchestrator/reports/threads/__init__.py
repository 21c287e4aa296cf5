"""Short trials with several numbers of threads -> a table."""

from statistics import median

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label, number
from orchestrator.reports.grid import UNKNOWN, Cell, Column, Grid, Row
from orchestrator.results.threads.search import BLOCKS, WORTH, Search

TITLE = Phrase("Each side's own best number of threads")
_NOTE = Phrase(
    "Median seconds of a short trial's epoch, of {blocks} interleaved blocks; the chosen number is "
    "marked *. A larger number was chosen if it was faster in every block, and in the median at "
    "least {worth:g} times as fast."
)
_THREADS = Phrase("Threads")
_CHOSEN = Phrase("{seconds} s *")
_SECONDS = Phrase("{seconds} s")


def table(found: Search) -> Grid:
    """Return a row for each number of threads, and a column for each side."""
    columns = [
        Column(Cell(say(_THREADS)), numeric=False),
        *(Column(Cell(label(each.side), side=each.side)) for each in found.sides),
    ]
    counts = sorted({tried.threads for each in found.sides for tried in each.tried})
    seconds = [
        {tried.threads: median(tried.seconds) for tried in each.tried if tried.seconds}
        for each in found.sides
    ]

    def cell(place: int, count: int) -> Cell:
        if count not in seconds[place]:
            return Cell(UNKNOWN)
        chosen = count == found.sides[place].threads
        text = say(_CHOSEN if chosen else _SECONDS, seconds=number(seconds[place][count]))
        return Cell(text, strong=chosen)

    places = range(len(found.sides))
    return Grid(
        columns,
        [Row([Cell(str(count)), *(cell(place, count) for place in places)]) for count in counts],
    )


def note() -> str:
    """Say how to read the table."""
    return say(_NOTE, blocks=BLOCKS, worth=WORTH)
