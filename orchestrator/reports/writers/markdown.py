"""Markdown in which each text is literal."""

from collections.abc import Iterable

from orchestrator.reports.grid import Grid, Part, Said

_ESCAPED = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]<>#|"})


def report(parts: Iterable[Part]) -> str:
    """Return each part as a paragraph or a table; a part without text is left out."""
    written = (table(part) if isinstance(part, Grid) else _said(part) for part in parts)
    return "\n\n".join(filter(None, written))


def _said(part: Said) -> str:
    text = escaped(part.text)
    return f"`{part.code}` {text}" if part.code else f"**{text}**" if part.strong else text


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
