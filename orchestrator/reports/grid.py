"""A table before it has a form: reports make them, and `writers` give any of them one."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label

UNKNOWN = "-"
INDENT = "  "  # of an inner row, where a form has no other means
QUANTITY = Phrase("Quantity")


@dataclass(frozen=True, slots=True)
class Cell:
    """``side``: the name of the one whose it is. ``strong``: not to be overlooked."""

    text: str
    side: str | None = None
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """``numeric``: of numbers, which are aligned at their right ends."""

    heading: Cell
    numeric: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """The first of its cells names it. ``inner``: a part of the row before.

    ``differs``: its cells are not the same; it is marked so.
    """

    cells: Sequence[Cell]
    inner: bool = False
    differs: bool = False

    @property
    def name(self) -> str:
        return self.cells[0].text

    @property
    def values(self) -> list[str]:
        """The texts behind the name."""
        return [cell.text for cell in self.cells[1:]]


@dataclass(frozen=True, slots=True)
class Grid:
    """A row has a cell for each column."""

    columns: Sequence[Column]
    rows: Sequence[Row]

    @property
    def headings(self) -> list[str]:
        return [column.heading.text for column in self.columns]

    @property
    def sides(self) -> list[str]:
        """Whose columns it has."""
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
    """One for each heading; the first names the rows. ``numeric``: the rest are."""
    return [
        Column(Cell(say(first)), numeric=False),
        *(Column(Cell(say(heading)), numeric) for heading in rest),
    ]


def of_sides(first: Phrase, names: Sequence[str], *, numeric: bool = True) -> list[Column]:
    """As `columns`, of sides."""
    own = (Column(Cell(label(name), side=name), numeric) for name in names)
    return [*columns(first), *own]


def row(name: str, values: Sequence[str], *, strong: bool = False) -> Row:
    """A name that begins with a space is that of a part of the row before."""
    cells = [Cell(text, strong=strong) for text in (name.strip(), *values)]
    return Row(cells, inner=name.startswith(" "))


def known(rows: Sequence[Row]) -> list[Row]:
    """Those of which some cell says something."""
    return [each for each in rows if set(each.values) - {UNKNOWN, ""}]
