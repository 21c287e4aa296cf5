"""Markdown that both references are made of."""

from collections.abc import Iterable, Sequence


def cell(text: str) -> str:
    """On one line, and without what would end a cell of a table or begin a tag."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
