"""Markdown in which each text is literal."""

from collections.abc import Iterable

from orchestrator.reports.grid import Grid

_ESCAPED = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]<>#|"})


def table(grid: Grid) -> str:
    """Return a line for the headings, one that aligns the columns, and one for each row."""
    ruled = ["---:" if column.numeric else "---" for column in grid.columns]
    lines = [map(escaped, grid.headings), ruled]
    lines += [(escaped(cell.text) for cell in row.cells) for row in grid.rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def items(texts: Iterable[str]) -> str:
    """Return a list of texts that are already Markdown."""
    return "\n".join(f"- {text}" for text in texts)


def escaped(text: str) -> str:
    """Return the text on one line, with Markdown's characters escaped."""
    return " ".join(text.split()).translate(_ESCAPED)
