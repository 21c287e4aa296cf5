"""Elements that panels share: notes."""

from typing import Any

from matplotlib.axes import Axes

from orchestrator.language.palette import GREY


def nothing(axes: Axes, text: str) -> None:
    """Draw a note in place of a panel that has nothing to show."""
    axes.set(xticks=[], yticks=[])
    note(axes, text, 0.5, 0.5, ha="center", va="center")


def note(axes: Axes, text: str, x: float, y: float, **aligned: Any) -> None:
    """Write small and grey, at fractions of the axes' width and height."""
    axes.text(x, y, text, color=GREY, fontsize="small", transform=axes.transAxes, **aligned)


def name_row(axes: Axes, row: int, name: str, text: str, right: float) -> None:
    """Label a horizontal bar: its name above it, and its value at ``right``, in axis units."""
    beside: dict[str, Any] = {"xytext": (3, 0), "textcoords": "offset points"}  # the axis
    axes.annotate(name, (0, row - 0.38), va="bottom", fontweight="bold", **beside)
    axes.text(right, row - 0.38, text, va="bottom", ha="right", color=GREY)
