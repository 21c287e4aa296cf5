"""The runs of a series in order, with its level between changes."""

import itertools
import math
from statistics import median

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator

from orchestrator.figures.panels.common import legend_above
from orchestrator.language.palette import GREY, looks
from orchestrator.language.phrases import Phrase, say
from orchestrator.results.track import Series

_A_RUN, _LEVEL = Phrase("a run"), Phrase("median between changes")
_CHANGE = Phrase("change: {ratios} times")
_MOST = 7  # days below the axis
_DAYS = 10  # letters of a time in ISO 8601 that are its day


def history(axes: Axes, series: Series) -> None:
    """Draw a mark for each run, the medians between changes, and a line before each change."""
    values = [point.value for point in series.points]
    changes = series.changes or ()
    look = looks([series.side])[series.side]
    axes.plot(
        range(len(values)),
        values,
        color=look.colour,
        marker=look.marker,
        ls="",
        ms=6,
        label=say(_A_RUN),
    )
    ends = [0, *(change.at for change in changes), len(values)]
    for first, last in itertools.pairwise(ends):
        level = median(values[first:last])
        text = say(_LEVEL) if first == 0 else None
        axes.plot([first - 0.5, last - 0.5], [level] * 2, color=look.colour, lw=2, label=text)
    ratios = ", ".join(f"{change.ratio.ratio:.3f}" for change in changes)
    for number, change in enumerate(changes):
        text = None if number else say(_CHANGE, ratios=ratios)
        axes.axvline(change.at - 0.5, color=GREY, lw=1, ls="--", label=text)
    days = [point.time[:_DAYS] or point.run for point in series.points]
    axes.xaxis.set_major_locator(FixedLocator(range(0, len(days), math.ceil(len(days) / _MOST))))
    axes.xaxis.set_major_formatter(lambda place, _: days[round(place)])
    axes.margins(y=0.2)
    axes.set(xlim=(-0.6, len(values) - 0.4), ylabel=series.quantity)
    legend_above(axes, ncols=3, fontsize="small")
