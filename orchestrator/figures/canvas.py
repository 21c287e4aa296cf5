"""A figure on matplotlib's canvas: one panel, its title above it, and its footer below it.

It uses matplotlib's object interface only: no window, no global figure; its settings are restored.
"""

import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orchestrator.figures import fonts
from orchestrator.figures.drawing import FOOTER, TITLE, Drawing
from orchestrator.language import columns
from orchestrator.language.phrases import ENGLISH, current, speaking

POINTS = 72  # in an inch

_STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.titlesize": 15,
    "axes.titleweight": "bold",
    "figure.dpi": 160,
    "figure.constrained_layout.h_pad": 0.12,  # inches
    "figure.constrained_layout.w_pad": 0.12,
    "font.size": 11.5,
    "grid.color": "#E0E0E0",
    "hatch.linewidth": 0.8,
    "legend.frameon": False,
    "svg.fonttype": "none",  # text stays text: small, searchable, in any font of the reader
    "svg.hashsalt": "twinrun",
    "text.parse_math": False,  # a dollar in a message is a dollar
}
# Inches. Narrow, so that it can still be read on a phone.
WIDTH, _TALL, _BELOW = 5.4, 3.5, 0.58
HEIGHT = _TALL - _BELOW  # of a panel with what is above it
_TITLE_LINE, _FOOTER_LINE, _EDGE = 0.21, 0.125, 0.1
_TITLE_COLUMNS, _FOOTER_COLUMNS = 50, 92  # characters
_TITLE_LINES = 5
_DPI = 240
_SENTENCE = re.compile(r"(?<=\.)(?= )|(?<=。)")  # its end

Panel = Callable[[Axes], None]


@dataclass(frozen=True, slots=True)
class Room:
    """Inches around a panel: to its left, to its right, above it; and by how many it is taller."""

    left: float = 0.74
    right: float = 0.2
    above: float = 0.15
    taller: float = 0.0


BARS = Room(left=0.2)  # with names above them
NAMED = Room(right=1.6, above=0.3)  # with names at the ends of lines


@dataclass(frozen=True, slots=True)
class Canvas:
    """A drawn figure that is not yet rendered; otherwise as in `Drawing`."""

    name: str
    title: str
    figure: Figure
    view_box: tuple[float, float, float, float]

    def drawing(self) -> Drawing:
        with style():
            svg = _saved(self.figure, "svg")
            self.figure.set_layout_engine("none")  # the layout is done
            png = _saved(self.figure, "png")
        return Drawing(self.name, self.title, self.view_box, svg, png)


def drawn(name: str, title: str, footer: Sequence[str], panel: Panel, room: Room) -> Canvas:
    """Draw a figure; nothing is laid out by trial: a panel always has the same place."""
    lines, rest = _split(title)
    below = [line for text in [*rest, *footer] for line in columns.wrap(text, _FOOTER_COLUMNS)]
    head = _EDGE + _TITLE_LINE * len(lines)
    foot = 2 * _EDGE + _FOOTER_LINE * len(below) if below else 0.0
    tall = _TALL + room.taller
    height = head + tall + foot
    with style():
        figure = Figure(figsize=(WIDTH, height), dpi=_DPI)
        place = (
            *(room.left / WIDTH, (foot + _BELOW) / height),
            (WIDTH - room.left - room.right) / WIDTH,
            (tall - room.above - _BELOW) / height,
        )
        panel(figure.add_axes(place))
        bold: dict[str, Any] = {"fontsize": 12, "fontweight": "bold", "va": "top"}
        edge = _EDGE / WIDTH
        figure.text(edge, 1 - _EDGE / height, "\n".join(lines), gid=TITLE, **bold)
        small: dict[str, Any] = {"fontsize": 7, "color": "#555555", "va": "bottom"}
        figure.text(edge, _EDGE / height, "\n".join(below), gid=FOOTER, **small)
    points = (0.0, head, WIDTH, tall)
    left, top, width, deep = (round(POINTS * part, 3) for part in points)
    return Canvas(name, title, figure, (left, top, width, deep))


def _split(title: str) -> tuple[list[str], list[str]]:
    """Return the title's lines, and the text that goes below the figure: what has no room above.

    The lines end with a whole sentence, if the first one has room.
    """
    whole_lines = columns.wrap(title, _TITLE_COLUMNS)
    if len(whole_lines) <= _TITLE_LINES:
        return whole_lines, []
    sentences = _SENTENCE.split(title)
    for count in range(len(sentences) - 1, 0, -1):
        above = "".join(sentences[:count]).strip()
        lines = columns.wrap(above, _TITLE_COLUMNS)
        if len(lines) <= _TITLE_LINES:
            return lines, [title.removeprefix(above).strip()]
    lines = columns.wrap(title, _TITLE_COLUMNS, max_lines=_TITLE_LINES, placeholder=" ...")
    return lines, [title]


def whole(name: str, title: str, figure: Figure) -> Canvas:
    """Return a figure that has its title on it, and maybe several panels."""
    width, height = (POINTS * float(inches) for inches in figure.get_size_inches())
    return Canvas(name, title, figure, (0.0, 0.0, width, height))


@contextmanager
def style() -> Iterator[None]:
    """Set the style of all figures, whatever the user's settings.

    They are in the current language if a font has its characters; otherwise in English.
    """
    chinese = None if current() == ENGLISH else fonts.family(current())
    with (
        speaking(current() if chinese else ENGLISH),
        mpl.rc_context(),
        warnings.catch_warnings(),
    ):
        # A message from elsewhere may have characters that the font lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        mpl.rcParams["font.family"] = [fonts.LATIN, *([chinese] if chinese else [])]
        yield


def _saved(figure: Figure, kind: str) -> bytes:
    """Render the figure as ``svg`` or ``png``, with the same bytes each time; within `style`."""
    buffer = io.BytesIO()
    # A PNG's usual compression takes a third longer, for files that are a tenth smaller.
    options: dict[str, Any] = (
        {"metadata": {"Date": None}} if kind == "svg" else {"pil_kwargs": {"compress_level": 3}}
    )
    figure.savefig(buffer, format=kind, dpi=figure.dpi, **options)
    return buffer.getvalue()
