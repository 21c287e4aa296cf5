"""Markdown parts of both references."""

from collections.abc import Iterable, Sequence


def cell(text: str) -> str:
    """Return one line, without characters that would end a table cell or begin a tag."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
