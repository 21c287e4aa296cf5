"""The largest batches -> a table."""

from collections.abc import Iterator, Sequence

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label, memory
from orchestrator.reports.grid import BLANK, UNKNOWN, Cell, Column, Grid, Part, Row, Said
from orchestrator.results.largest import Largest

_SIDE, _BATCH = Phrase("Side"), Phrase("Largest batch")
_PEAK, _NEXT = Phrase("Peak memory there"), Phrase("Did not fit")
_STOPPED = Phrase("{side}: what stopped the next one: {why}")
_NONE = Phrase("{side}: not even a batch of 1 fits: {why}")
_LIMIT = Phrase(
    "Each try had a process of its own, which could have {limit} resident. On a GPU the peak is "
    "that of the framework's allocator."
)


def report(found: Sequence[Largest], limit_bytes: int) -> Iterator[Part]:
    """Yield the table, what stopped each side, and the limit."""
    yield from (table(found), BLANK)
    for each in found:
        phrase = _STOPPED if each.best else _NONE
        yield Said(say(phrase, side=label(each.side), why=each.stopped))
    yield Said(say(_LIMIT, limit=memory(limit_bytes)))


def table(found: Sequence[Largest]) -> Grid:
    """Return a row for each side."""
    columns = [
        Column(Cell(say(_SIDE)), numeric=False),
        *(Column(Cell(say(heading))) for heading in (_BATCH, _PEAK, _NEXT)),
    ]
    return Grid(columns, [_row(each) for each in found])


def _row(found: Largest) -> Row:
    best, above = found.best, found.above
    return Row(
        [
            Cell(label(found.side), side=found.side),
            Cell(f"{best.batch_size:,}" if best else UNKNOWN, strong=True),
            Cell(memory(best.peak_bytes) if best and best.peak_bytes else UNKNOWN),
            Cell(f"{above.batch_size:,}" if above else UNKNOWN),
        ]
    )
