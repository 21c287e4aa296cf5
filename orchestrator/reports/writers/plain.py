"""The same as on a terminal in plain text, without colours or lines."""

from collections.abc import Iterable, Iterator, Sequence

from orchestrator.language import columns
from orchestrator.reports.grid import INDENT, Grid, Part

_GAP = "  "


def report(parts: Iterable[Part], width: int = 80) -> str:
    """Return text of at most ``width`` columns."""
    return "\n".join(line for part in parts for line in _lines(part, width))


def _lines(part: Part, width: int) -> Iterator[str]:
    if isinstance(part, Grid):
        yield from table(part, width)
    else:
        text = f"{part.code} {part.text}".strip()
        yield from columns.wrap(text, width) or [""]


def table(grid: Grid, width: int) -> list[str]:
    """Return columns; if they do not fit, each column below the previous one."""
    lines = list(_side_by_side(grid))
    fits = max(map(columns.width, lines), default=0) <= width
    return lines if fits else list(_stacked(grid, width))


def _side_by_side(grid: Grid) -> Iterator[str]:
    lines = [grid.headings, *(_texts(grid))]
    widths = [max(map(columns.width, texts)) for texts in zip(*lines, strict=True)]
    aligned = [columns.rjust if each.numeric else columns.ljust for each in grid.columns]
    for line in lines:
        cells = zip(aligned, line, widths, strict=True)
        yield _GAP.join(align(text, to) for align, text, to in cells).rstrip()


def _stacked(grid: Grid, width: int) -> Iterator[str]:
    for index, heading in enumerate(grid.headings[1:], start=1):
        yield heading
        for texts in _texts(grid):
            if texts[index]:
                text = f"{INDENT}{texts[0]}: {texts[index]}"
                yield from columns.wrap(text, width, subsequent_indent=2 * INDENT)


def _texts(grid: Grid) -> list[Sequence[str]]:
    return [[INDENT * row.inner + row.name, *row.values] for row in grid.rows]
