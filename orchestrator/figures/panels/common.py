"""What the panels share: notes on them."""

from typing import Any

from matplotlib.axes import Axes

from orchestrator.language.palette import GREY


def nothing(axes: Axes, text: str) -> None:
    """In place of a panel that has nothing to show."""
    axes.set(xticks=[], yticks=[])
    note(axes, text, 0.5, 0.5, ha="center", va="center")


def note(axes: Axes, text: str, x: float, y: float, **aligned: Any) -> None:
    """Small and grey, at fractions of the axes' width and height."""
    axes.text(x, y, text, color=GREY, fontsize="small", transform=axes.transAxes, **aligned)


def name_row(axes: Axes, row: int, name: str, text: str, right: float) -> None:
    """Above a horizontal bar: whose it is, and at ``right``, in the axis's unit, what it says."""
    axes.text(0, row - 0.38, name, va="bottom", fontweight="bold")
    axes.text(right, row - 0.38, text, va="bottom", ha="right", color=GREY)
