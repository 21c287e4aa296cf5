"""Tables without a format: reports create them, and `writers` format them."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label

UNKNOWN = "-"
INDENT = "  "  # for an inner row, if a format has no other way
QUANTITY = Phrase("Quantity")


@dataclass(frozen=True, slots=True)
class Cell:
    """``side``: the name of the side that it belongs to. ``strong``: emphasised."""

    text: str
    side: str | None = None
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """``numeric``: contains numbers, which are right-aligned."""

    heading: Cell
    numeric: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """The first of its cells names it. ``inner``: a part of the previous row.

    ``differs``: its cells are not the same; it is marked.
    """

    cells: Sequence[Cell]
    inner: bool = False
    differs: bool = False

    @property
    def name(self) -> str:
        return self.cells[0].text

    @property
    def values(self) -> list[str]:
        """The texts after the name."""
        return [cell.text for cell in self.cells[1:]]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table in which each row has a cell for each column."""

    columns: Sequence[Column]
    rows: Sequence[Row]

    @property
    def headings(self) -> list[str]:
        return [column.heading.text for column in self.columns]

    @property
    def sides(self) -> list[str]:
        """The sides that have columns."""
        return [c.heading.side for c in self.columns if c.heading.side is not None]


@dataclass(frozen=True, slots=True)
class Said:
    """A line between tables. ``code``: of a warning, before the text."""

    text: str
    strong: bool = False
    code: str = ""


Part = Grid | Said
BLANK = Said("")


def columns(first: Phrase, *rest: Phrase, numeric: bool = True) -> list[Column]:
    """Return a column for each heading; the first names the rows. ``numeric``: the others are."""
    return [
        Column(Cell(say(first)), numeric=False),
        *(Column(Cell(say(heading)), numeric) for heading in rest),
    ]


def of_sides(first: Phrase, names: Sequence[str], *, numeric: bool = True) -> list[Column]:
    """Return columns of sides, as `columns`."""
    own = (Column(Cell(label(name), side=name), numeric) for name in names)
    return [*columns(first), *own]


def row(name: str, values: Sequence[str], *, strong: bool = False) -> Row:
    """Return a row; a name that begins with a space marks a part of the previous row."""
    cells = [Cell(text, strong=strong) for text in (name.strip(), *values)]
    return Row(cells, inner=name.startswith(" "))


def known(rows: Sequence[Row]) -> list[Row]:
    """Return the rows in which any cell has a value."""
    return [each for each in rows if set(each.values) - {UNKNOWN, ""}]
