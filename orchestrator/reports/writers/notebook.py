"""HTML for a notebook's cell, which has its own style: tables only set their alignment."""

from collections.abc import Iterable
from html import escape

from orchestrator.reports.grid import Cell, Column, Grid, Part, Said


def report(parts: Iterable[Part]) -> str:
    """Return each part as a paragraph or a table; a part without text is left out."""
    return "".join(table(part) if isinstance(part, Grid) else _said(part) for part in parts)


def _said(part: Said) -> str:
    text = f"<strong>{escape(part.text)}</strong>" if part.strong else escape(part.text)
    code = f"<code>{escape(part.code)}</code> " if part.code else ""
    return f"<p>{code}{text}</p>" if part.text else ""


def table(grid: Grid) -> str:
    """Return one element, which fetches nothing and runs no script."""
    head = "".join(_cell(column.heading, column, "th", "col") for column in grid.columns)
    first, *rest = grid.columns
    lines = (
        "".join(
            [
                _cell(row.cells[0], first, "th", "row"),
                *(_cell(cell, column) for cell, column in zip(row.cells[1:], rest, strict=True)),
            ]
        )
        for row in grid.rows
    )
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(cell: Cell, column: Column, tag: str = "td", scope: str = "") -> str:
    """Return a cell; ``scope``: what a ``th`` is the heading of."""
    of = f' scope="{scope}"' if scope else ""
    side = "right" if column.numeric else "left"
    return f'<{tag}{of} style="text-align: {side}">{escape(cell.text)}</{tag}>'
