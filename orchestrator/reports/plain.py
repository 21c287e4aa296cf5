"""What rich shows, shown as it stands: nothing in a text is taken for markup, be it anyone's."""

from typing import Any

from rich import table
from rich.console import Console
from rich.text import Text


def console(**settings: Any) -> Console:
    """The only one to print on."""
    return Console(markup=False, emoji=False, highlight=False, **settings)


class Table(table.Table):
    """As rich's, whose cells and headings are texts."""

    def add_column(self, header: Any = "", *given: Any, **settings: Any) -> None:
        super().add_column(_text(header), *given, **settings)

    def add_row(self, *cells: Any, **settings: Any) -> None:
        super().add_row(*map(_text, cells), **settings)


def _text(cell: Any) -> Any:
    return Text(cell) if isinstance(cell, str) else cell
