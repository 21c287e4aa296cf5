"""The effect of each difference: where the losses diverge, its cost in accuracy and time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from orchestrator.language.palette import GREY, Look
from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import number
from orchestrator.results.habits.explanation import Row

_MATCHED = Phrase("the matched job")
_TO_THE_END = Phrase("to the end")
# Behind a number, so that no line crosses it.
_GROUND: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "pad": 1}
_DECADES = 15  # reached on either side of 1: with more, only powers of ten are written
_STEPS = Phrase("steps until the losses are 0.1 % apart")


def parts(axes: Axes, rows: Sequence[Row], _look: Look) -> None:
    """Draw how many steps the losses stay together: the longer, the closer to the same job."""
    together = [row.steps if row.parts_at is None else row.parts_at for row in rows]
    for place, (row, steps) in enumerate(zip(rows, together, strict=True)):
        never = row.parts_at is None
        axes.barh(place, max(steps, 1), height=0.6, color="#9BD0B5" if never else "#E9B3A2")
        text = say(_TO_THE_END) if never else f"{row.parts_at:,}"
        axes.annotate(text, (max(steps, 1), place), (4, 0), textcoords="offset points", va="center")
    axes.set_xscale("log")
    axes.set_xlim(0.8, 12 * max(2, *(row.steps for row in rows)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_xlabel(say(_STEPS))
    names = [say(row.pitfall.title if row.pitfall else _MATCHED) for row in rows]
    axes.set_yticks(range(len(rows)), names)
    axes.tick_params(axis="y", length=0)


def accuracy(axes: Axes, rows: Sequence[Row], look: Look) -> None:
    """Draw by how much the second framework's metric exceeds the first's, a share in points."""
    times = 100 if rows[0].metric.is_share else 1
    points = np.array([times * row.apart.value if row.apart else 0.0 for row in rows])
    axes.barh(range(len(rows)), points, height=0.6, color=look.colour, alpha=0.55)
    axes.axvline(0, color=GREY, lw=1)
    reach = 1.7 * max(0.1 if times > 1 else 1e-3, np.abs(points).max())
    axes.set_xlim(-reach, reach)
    axes.xaxis.set_major_locator(MaxNLocator(4))  # more would run into each other
    for place, value in enumerate(points):
        right = value >= 0
        place_of = {"xytext": (4 if right else -4, 0), "textcoords": "offset points"}
        aligned: dict[str, Any] = {"va": "center", "ha": "left" if right else "right", **place_of}
        text = f"{value:+.2f}" if times > 1 else f"{value:+.3g}"
        axes.annotate(text, (value, place), **aligned)


def time(axes: Axes, rows: Sequence[Row], look: Look) -> None:
    """Draw the second framework's training time over the first's."""
    ratios = np.array([row.time.ratio for row in rows])
    axes.set_xscale("log")
    axes.axvline(1, color=GREY, lw=1)
    axes.plot(ratios, range(len(rows)), look.marker, color=look.colour, markersize=9)
    for place, row in enumerate(rows):
        if row.time.low is not None and row.time.high is not None:
            axes.hlines(place, row.time.low, row.time.high, color=look.colour, lw=2)
    reach = 2.2 * max(1.5, ratios.max(), (1 / ratios).max())
    axes.set_xlim(1 / reach, reach)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if reach < _DECADES else (1,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    for place, value in enumerate(ratios):
        text = f"{number(value)}x"
        axes.annotate(
            *(text, (value, place), (9, 0)),
            textcoords="offset points",
            va="center",
            bbox=_GROUND,
        )
