"""The ratio of two sides along an axis of a sweep, one line for each setting of the other axes."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from orchestrator.figures.panels.common import legend_above, note, short_number
from orchestrator.language import columns
from orchestrator.language.palette import GREY, Look, looks
from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label
from orchestrator.results.sweeps.crossover import logarithmic
from orchestrator.results.sweeps.lines import Line
from orchestrator.results.sweeps.words import setting

_AXIS = Phrase("epoch, {side} / {baseline}")
_OVER_BASELINE = Phrase("epoch, over the baseline")
_FASTER = Phrase("{side} is faster")
_RATIO = Phrase("ratio; band: interval (95 %) of each cell by itself")
_NO_BAND = Phrase("ratio; too few blocks for a band")
_CROSSOVER = Phrase("crossover, with its interval")
_BAND, _PLACE = 0.2, 0.12  # opacity
_ROOM = 0.25  # of the ratios' range, above and below them, in which the words have room
_BETWEEN = 0.13  # of the axis, between two numbers below it
_LONGEST = 44  # columns of a text on the panel, or beside it
_NARROW = 4.0  # times: a range up to which equal steps stay apart on a logarithmic axis
_DECADES = 4  # from which on only powers of ten are written
_LEAST = 1.02  # the smallest range of ratios that is drawn


def name_of(line: Line) -> str:
    """Return the setting of the other axes; empty: there are none."""
    return say(setting(line.others))


def words_of(lines: Sequence[Line]) -> list[str]:
    """Return the texts of the legend."""
    names = [name_of(line) for line in lines]
    ratio = say(_ratio(lines))
    first = [ratio] if names == [""] else [*names, ratio]
    return [*first, *([say(_CROSSOVER)] if any(line.crossovers for line in lines) else [])]


def _ratio(lines: Sequence[Line]) -> Phrase:
    known = any(place.low is not None for line in lines for place in line.places)
    return _RATIO if known else _NO_BAND


def ratios(axes: Axes, lines: Sequence[Line]) -> None:
    """Draw the lines, which are straight where a crossover is looked for, and the crossovers."""
    styles = _styles(len(lines))
    baseline, side = lines[0].baseline, lines[0].side
    several, ratio = len(lines) > 1 or bool(name_of(lines[0])), say(_ratio(lines))
    axes.axhline(1, color=GREY, lw=1, ls="--")
    for line, look in zip(lines, styles, strict=True):
        at = [place.at for place in line.places]
        middle = [place.ratio for place in line.places]
        name = name_of(line) if several else ratio
        axes.plot(at, middle, color=look.colour, marker=look.marker, lw=1.8, ms=5.5, label=name)
        known = [p for p in line.places if p.low is not None and p.high is not None]
        low, high = [p.low or 0.0 for p in known], [p.high or 0.0 for p in known]
        axes.fill_between([p.at for p in known], low, high, color=look.colour, alpha=_BAND, lw=0)
        for found in line.crossovers:
            axes.axvspan(found.low, found.high, color=look.colour, alpha=_PLACE, lw=0)
            axes.axvline(found.at, color=look.colour, lw=1.2, ls=":")
    if several:
        axes.fill_between([], [], [], color=GREY, alpha=_BAND, lw=0, label=ratio)
    if any(line.crossovers for line in lines):
        axes.plot([], [], color=GREY, lw=1.2, ls=":", label=say(_CROSSOVER))
    _scale(axes, lines)
    axes.set(xlabel=lines[0].axis)
    over = say(_AXIS, side=label(side), baseline=label(baseline))
    axes.set(ylabel=over if columns.width(over) <= _LONGEST else say(_OVER_BASELINE))
    for name, height, end in ((baseline, 0.985, "top"), (side, 0.02, "bottom")):
        text = "\n".join(columns.wrap(say(_FASTER, side=label(name)), _LONGEST))
        note(axes, text, 0.015, height, va=end)
    legend_above(axes, fontsize="small")


def _scale(axes: Axes, lines: Sequence[Line]) -> None:
    """Set both axes: their scales, the values of the cells, and room for words."""
    places = [place for line in lines for place in line.places]
    values = sorted({place.at for place in places})
    seen = [v for p in places for v in (p.ratio, p.low, p.high) if v is not None]
    low, high = min(*seen, 1 / _LEAST), max(*seen, _LEAST)
    room = (high / low) ** _ROOM
    axes.set_yscale("log")
    axes.set_ylim(low / room, high * room)
    axes.yaxis.set_major_locator(FixedLocator(_ratios_beside(low / room, high * room)))
    at = values
    if logarithmic(values):
        axes.set_xscale("log")
        at = [math.log(value) for value in values]
    axes.xaxis.set_major_locator(FixedLocator(apart(values, at)))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: short_number(value)))


def _ratios_beside(low: float, high: float) -> list[float]:
    """Return the ratios that are written beside the axis: round ones, apart on its logarithm."""
    if high / low < _NARROW:
        return [t for t in MaxNLocator(6).tick_values(low, high) if t > 0]
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)))
    each = (1, 2, 5) if len(decades) < _DECADES else (1,)
    return [float(f"{digit}e{decade}") for decade in (*decades, decades.stop) for digit in each]


def apart(values: Sequence[float], places: Sequence[float]) -> list[float]:
    """Return those ``values`` whose numbers do not lie on each other.

    ``places``: where they are on the axis, ascending.
    """
    least = _BETWEEN * (places[-1] - places[0])
    kept = [0]
    for index, place in enumerate(places):
        if place - places[kept[-1]] >= least:
            kept.append(index)
    return [values[index] for index in dict.fromkeys(kept)]


def _styles(count: int) -> list[Look]:
    """Return looks that belong to no framework."""
    return list(looks([f"line {place:03}" for place in range(count)]).values())
