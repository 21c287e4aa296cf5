"""A sweep -> a table with a row for each cell and pair of sides, and what the axes show."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from orchestrator.language.phrases import Phrase, english, say
from orchestrator.language.words import OF, label, number
from orchestrator.reports.comparison import warnings
from orchestrator.reports.grid import BLANK, UNKNOWN, Cell, Column, Grid, Part, Row, Said
from orchestrator.reports.sweeps import scaling
from orchestrator.results.circumstances import Caution
from orchestrator.results.sweeps import CellResult, Ratio, Sweep
from orchestrator.settings.grid import written

_SECONDS = Phrase("{side}, s")
_RATIO = Phrase("{side} / {baseline}")
_FASTER, _BLOCKS, _SAME = Phrase("Faster"), Phrase("Blocks"), Phrase("Same job")
_INTERVAL = Phrase("{ratio:.3f} ({low:.3f} to {high:.3f})")
_YES, _NO = Phrase("yes"), Phrase("no")
_AND_MORE = Phrase("{what} ({more} more of this kind, in {count} of {of} cells.)")
NOTE = Phrase(
    "Seconds of an epoch, medians; their ratio, with its interval (95 %). Each interval holds by "
    "itself: of twenty about one misses."
)


def report(found: Sweep) -> Iterator[Part]:
    """Yield the table, how sides scale, what both show, and warnings with the cells they are of."""
    yield from (table(found), BLANK, Said(say(NOTE)), BLANK)
    yield from scaling.report(found.scaling)
    yield from (Said(say(sentence), strong=True) for sentence in found.sentences)
    yield from warnings(cautions(found))


def table(found: Sweep) -> Grid:
    """Return a row for each cell and each pair of its sides."""
    pairs = list(dict.fromkeys((r.baseline, r.side) for cell in found.cells for r in cell.ratios))
    heads = [say(_RATIO, side=label(side), baseline=label(base)) for base, side in pairs]
    columns = [
        Column(Cell(", ".join(found.axes)), numeric=False),
        *(Column(Cell(say(_SECONDS, side=label(side)), side=side)) for side in found.sides),
        *(Column(Cell(head)) for head in heads),
        *(Column(Cell(say(_FASTER)), numeric=False) for _ in pairs),
        *(Column(Cell(say(head))) for head in (_BLOCKS, _SAME)),
    ]
    return Grid(columns, [_row(found, cell, pairs) for cell in found.cells])


def _row(found: Sweep, cell: CellResult, pairs: Sequence[tuple[str, str]]) -> Row:
    ratios = {(each.baseline, each.side): each for each in cell.ratios}
    seconds = [cell.epoch_seconds.get(side) for side in found.sides]
    several = [ratios.get(pair) for pair in pairs]
    same = {None: UNKNOWN, True: say(_YES), False: say(_NO)}[cell.same_job]
    texts = [
        ", ".join(written(cell.at[axis]) for axis in found.axes),
        *(UNKNOWN if each is None else number(each) for each in seconds),
        *map(_ratio, several),
        *(UNKNOWN if each is None else say(each.verdict) for each in several),
        str(max((each.pairs for each in cell.ratios), default=0)),
        same,
    ]
    return Row([Cell(text) for text in texts], differs=cell.same_job is False)


def _ratio(found: Ratio | None) -> str:
    if found is None or found.ratio is None:
        return UNKNOWN
    if found.low is None or found.high is None:
        return f"{found.ratio:.3f}"
    return say(_INTERVAL, ratio=found.ratio, low=found.low, high=found.high)


def cautions(found: Sweep) -> list[Caution]:
    """Return one warning of each code; it names the cells that it is of, unless all say the same.

    What it says, it says of the first of them: the others' pages have the rest.
    """
    by_code: dict[str, list[tuple[str, Caution]]] = {}
    for cell, several in found.warnings.items():
        for each in several:
            by_code.setdefault(each.code, []).append((cell, each))
    return [_named(several, len(found.warnings)) for several in by_code.values()]


def _named(several: Sequence[tuple[str, Caution]], of: int) -> Caution:
    cells = list(dict.fromkeys(cell for cell, _ in several))
    first, caution = several[0]
    if len(cells) == of and len({each.sentence for _, each in several}) == 1:
        return caution
    what = english(OF, name=first, what=caution.sentence)
    if len(several) > 1:
        counts = {"count": len(cells), "of": of, "more": len(several) - 1}
        what = english(_AND_MORE, what=what, **counts)
    return replace(caution, sentence=what)
