"""What the panels share: notes on them, lighter colours."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

GREY = "#555555"


def nothing(axes: Axes, text: str) -> None:
    """In place of a panel that has nothing to show."""
    axes.set(xticks=[], yticks=[])
    note(axes, text, 0.5, 0.5, ha="center", va="center")


def note(axes: Axes, text: str, x: float, y: float, **aligned: Any) -> None:
    """Small and grey, at fractions of the axes' width and height."""
    axes.text(x, y, text, color=GREY, fontsize="small", transform=axes.transAxes, **aligned)


def lighter(colour: str, share: float) -> tuple[float, ...]:
    """The colour with so much white, 0..1."""
    return tuple(share + (1 - share) * part for part in to_rgb(colour))
