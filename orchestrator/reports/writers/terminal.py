"""Terminal output, by rich: each text is literal, none is treated as markup."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.language.columns import width
from orchestrator.language.palette import Look, looks
from orchestrator.reports.grid import INDENT, Cell, Grid, Part, Said

_SHORT = 24  # columns: if no row has a longer name, none is wrapped


def console(**settings: Any) -> Console:
    """Return the only console to print on."""
    return Console(markup=False, emoji=False, highlight=False, **settings)


def report(parts: Iterable[Part]) -> RenderableType:
    """Return everything, each part below the previous one."""
    return Group(*(table(part) if isinstance(part, Grid) else _line(part) for part in parts))


def table(grid: Grid) -> Table:
    """Return the table; headings are bold, and those of sides in their colours."""
    known = looks(grid.sides)
    result = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    for column in grid.columns:
        heading = _text(column.heading, known)
        result.add_column(heading, justify="right" if column.numeric else "left", overflow="fold")
    result.columns[0].no_wrap = all(width(row.name) <= _SHORT for row in grid.rows)
    for row in grid.rows:
        first, *rest = (_text(cell, known) for cell in row.cells)
        result.add_row(Text(INDENT * row.inner) + first, *rest)
    return result


def _text(cell: Cell, palette: dict[str, Look]) -> Text:
    colour = palette[cell.side].colour if cell.side in palette else ""
    return Text(cell.text, style=f"{'bold' if cell.strong else ''} {colour}".strip())


def _line(part: Said) -> Text:
    code = [(f"{part.code} ", "yellow")] if part.code else []
    return Text.assemble(*code, (part.text, "bold" if part.strong else ""))
