"""Elements that panels share: notes, names of bars and lines, numbers on axes."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orchestrator.language import columns
from orchestrator.language.palette import GREY

LEGEND_LINE = 0.17  # inches of one line of a legend
BAR_LINE = 0.2  # inches of one line of a bar's name
BETWEEN_BARS = 0.5  # of the distance from bar to bar
_BOLD, _USUAL = 0.098, 0.085  # inches of a column
_GAP = 0.15  # inches between a bar's name and its value
_LEGEND_COLUMNS = 54  # that have room across a figure
_LONGEST_NUMBER = 5  # characters beside an axis


def nothing(axes: Axes, text: str) -> None:
    """Draw a note in place of a panel that has nothing to show."""
    axes.set(xticks=[], yticks=[])
    note(axes, text, 0.5, 0.5, ha="center", va="center")


def note(axes: Axes, text: str, x: float, y: float, **aligned: Any) -> None:
    """Write small and grey, at fractions of the axes' width and height."""
    axes.text(x, y, text, color=GREY, fontsize="small", transform=axes.transAxes, **aligned)


def name_row(axes: Axes, row: int, name: str, text: str, right: float) -> None:
    """Label a horizontal bar: its name above it, and its value at ``right``, in axis units."""
    inches = axes.get_window_extent().width / cast("Figure", axes.figure).dpi
    lines = bar_name(name, text, inches)
    above: dict[str, Any] = {"textcoords": "offset points", "va": "bottom"}
    place = row - BETWEEN_BARS / 2
    over = 3 + 72 * BAR_LINE * lines.count("")  # points
    axes.annotate("\n".join(filter(None, lines)), (0, place), (3, over), fontweight="bold", **above)
    axes.annotate(text, (right, place), (0, 3), ha="right", color=GREY, **above)


def bar_name(name: str, text: str, width: float) -> list[str]:
    """Return the lines of a bar's name; the last one is empty if the value needs it for itself.

    ``width``: inches.
    """
    lines = columns.wrap(name, int(width / _BOLD))
    longest = _BOLD * max(map(columns.width, lines))
    return lines if longest + _USUAL * columns.width(text) + _GAP <= width else [*lines, ""]


def legend_above(axes: Axes, handles: Sequence[Artist] | None = None, **style: Any) -> None:
    """Draw a legend above the axes, by default of all that has a label; long labels are wrapped."""
    if handles is None:
        handles, labels = axes.get_legend_handles_labels()
    else:
        labels = [str(handle.get_label()) for handle in handles]
    texts = ["\n".join(wrapped(each)) for each in labels]
    axes.legend(handles, texts, loc="lower left", bbox_to_anchor=(-0.02, 1.0), **style)


def wrapped(text: str) -> list[str]:
    """Return the lines of a legend's text."""
    return [part for line in text.split("\n") for part in columns.wrap(line, _LEGEND_COLUMNS)]


def legend_inches(texts: Iterable[str]) -> float:
    """Return the height of a legend in one column."""
    return LEGEND_LINE * sum(len(wrapped(each)) for each in texts)


def short_number(value: float) -> str:
    """Write a number beside an axis: ``0.01``, ``500``, ``2e9``."""
    text = f"{value:g}"
    if len(text) <= _LONGEST_NUMBER and "e" not in text:
        return text
    digits, _, exponent = f"{value:e}".partition("e")
    return f"{float(digits):g}e{int(exponent)}"
