"""The parts of a page. Every text is plain: the template escapes it."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from markupsafe import Markup

from orchestrator.language.palette import looks
from orchestrator.language.words import label
from orchestrator.reports.grid import Grid

# matplotlib's markers as characters.
_GLYPHS = {
    "o": "\u25cf",
    "D": "\u25c6",
    "s": "\u25a0",
    "^": "\u25b2",
    "v": "\u25bc",
    "P": "\u271a",
    "X": "\u2716",
    "*": "\u2605",
    "<": "\u25c0",
    ">": "\u25b6",
}


@dataclass(frozen=True, slots=True)
class Side:
    """One of the compared sides on the page: its name, glyph and colour."""

    index: int
    name: str
    glyph: str
    colour: str


def sides(names: Sequence[str]) -> dict[str, Side]:
    """Return the sides by name."""
    return {
        name: Side(index, label(name), _GLYPHS.get(look.marker, "\u25cf"), look.colour)
        for index, (name, look) in enumerate(looks(names).items())
    }


@dataclass(frozen=True, slots=True)
class Table:
    """``caption``: what the grid shows."""

    kind: ClassVar[str] = "table"
    caption: str
    grid: Grid


@dataclass(frozen=True, slots=True)
class Figure:
    """``title``: what it shows. ``caption``: how to read it. ``svg``: for the page.

    ``wide``: it does not fit beside another one, nor on a phone.
    """

    name: str
    title: str
    caption: str
    svg: Markup
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    kind: ClassVar[str] = "figures"
    figures: Sequence[Figure]


@dataclass(frozen=True, slots=True)
class Prose:
    kind: ClassVar[str] = "prose"
    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """A warning: its code, its text, its remedy."""

    code: str
    sentence: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Notes:
    kind: ClassVar[str] = "notes"
    notes: Sequence[Note]


@dataclass(frozen=True, slots=True)
class Commands:
    """Commands for a shell, one per line."""

    kind: ClassVar[str] = "commands"
    name: str
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Listing:
    """An optional text, folded under its name."""

    kind: ClassVar[str] = "listing"
    summary: str
    text: str


@dataclass(frozen=True, slots=True)
class Folded:
    """An optional table, folded under its name."""

    kind: ClassVar[str] = "folded"
    summary: str
    table: Table


@dataclass(frozen=True, slots=True)
class Download:
    """A file that the page itself contains."""

    kind: ClassVar[str] = "download"
    name: str
    media_type: str
    content: bytes
    text: str

    @property
    def link(self) -> str:
        return f"data:{self.media_type};base64,{base64.b64encode(self.content).decode()}"

    @property
    def size(self) -> str:
        return f"{max(1, round(len(self.content) / 1000)):,} kB"


Block = Table | Figures | Prose | Notes | Commands | Listing | Folded | Download


@dataclass(frozen=True, slots=True)
class Section:
    """``name``: its anchor."""

    name: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question: in a word or two, and in whole sentences."""

    question: str
    short: str
    sentences: Sequence[str]


@dataclass(frozen=True, slots=True)
class Pace:
    """The pace of a side: its number in words, and its bar's length, 0..1."""

    side: Side
    text: str
    share: float


@dataclass(frozen=True, slots=True)
class Page:
    """``lead``: what ran, above the ``headline``, which is the result. ``aside``: below it.

    ``sides``: by the names that cells have.
    """

    title: str
    lead: Sequence[str]
    headline: str
    sides: Mapping[str, Side]
    pace_title: str
    pace: Sequence[Pace]
    aside: Sequence[str]
    answers: Sequence[Answer]
    sections: Sequence[Section]
