"""Samples per second of each side over its devices, beside what would be ideal."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from orchestrator.figures.panels.common import legend_above, short_number
from orchestrator.figures.panels.sweeps import apart
from orchestrator.language.palette import GREY, looks
from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label
from orchestrator.results.sweeps.scaling import Scaled, Scaling

_DEVICES, _PACE = Phrase("devices"), Phrase("samples per second")
_BAND = Phrase("interval (95 %) of the speed-up")
_IDEAL = Phrase("ideal: as many times as fast as devices")
_OPACITY = 0.2
_ROOM = 1.08  # times the highest value


def drawable(found: Scaling) -> list[Scaled]:
    """Return the rows with a speed-up; a panel needs two."""
    return [row for row in found.rows if row.speed_up is not None]


def words_of(found: Sequence[Scaling]) -> list[str]:
    """Return the texts of the legend."""
    band = [say(_BAND)] if _has_band(found) else []
    return [*(label(each.side) for each in found), say(_IDEAL), *band]


def scaling(axes: Axes, found: Sequence[Scaling]) -> None:
    """Draw each side: its samples per second on the fewest devices, times its speed-ups."""
    styles = looks([each.side for each in found])
    highest = 0.0
    for each in found:
        look, rows = styles[each.side], drawable(each)
        first = next(row for row in rows if row.devices == each.fewest)
        pace = first.samples_per_second or 0.0
        at = [row.devices for row in rows]
        middle = [pace * (row.speed_up or 0.0) for row in rows]
        ends = [(row.low or row.speed_up or 0.0, row.high or row.speed_up or 0.0) for row in rows]
        low, high = ([pace * end for end in several] for several in zip(*ends, strict=True))
        ideal = [pace * devices / first.devices for devices in (at[0], at[-1])]
        axes.plot([at[0], at[-1]], ideal, color=look.colour, lw=1, ls="--")
        axes.plot(
            at,
            middle,
            color=look.colour,
            marker=look.marker,
            lw=1.8,
            ms=5.5,
            label=label(each.side),
        )
        axes.fill_between(at, low, high, color=look.colour, alpha=_OPACITY, lw=0)
        highest = max(highest, *ideal, *high)
    axes.plot([], [], color=GREY, lw=1, ls="--", label=say(_IDEAL))
    if _has_band(found):
        axes.fill_between([], [], [], color=GREY, alpha=_OPACITY, lw=0, label=say(_BAND))
    values = sorted({row.devices for each in found for row in drawable(each)})
    axes.set_ylim(0, highest * _ROOM)
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_locator(FixedLocator(apart(values, values)))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: short_number(value)))
    axes.set(xlabel=say(_DEVICES), ylabel=say(_PACE))
    legend_above(axes, fontsize="small")


def _has_band(found: Sequence[Scaling]) -> bool:
    return any(row.low is not None for each in found for row in each.rows)
