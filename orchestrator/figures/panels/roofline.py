"""The operations a second of each side, below the roofs that the machine's own rates make."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from orchestrator.figures.panels.common import legend_above, nothing, short_number
from orchestrator.language.palette import GREY, looks
from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label, number
from orchestrator.results.comparison import Comparison
from orchestrator.results.roofline import Roofline, rooflines

_INTENSITY = Phrase("operations for each byte")
_RATE = Phrase("GFLOP/s")
_POINT = Phrase("{side}: {rate} GFLOP/s")
_ROOFS = Phrase("machine's peaks: {rate} GFLOP/s, {bandwidth} GB/s")
_STARTS = Phrase("{side}: starting operations alone")
_NOTHING = Phrase("The machine's rates are not known.")
_GIGA = 1e9
_AROUND = 8.0  # times the outermost intensity, on both sides


def roofline(axes: Axes, comparison: Comparison) -> None:
    """Draw the roofs, a mark for each side, and what starting its operations allows, if known."""
    found = rooflines(comparison)
    if not found:
        nothing(axes, say(_NOTHING))
        return
    ridges = [each.operations_per_second / each.bytes_per_second for each in found]
    at = [*(each.intensity for each in found), *ridges]
    intensities = np.geomspace(min(at) / _AROUND, max(at) * _AROUND, 65)
    for rate, bandwidth in dict.fromkeys(map(_rates, found)):
        roof = np.minimum(rate, intensities * bandwidth) / _GIGA
        text = say(_ROOFS, rate=number(rate / _GIGA), bandwidth=number(bandwidth / _GIGA))
        axes.plot(intensities, roof, color=GREY, lw=1.5, label=text)
    shown = looks(list(comparison.trials))
    for each in found:
        look = shown[each.side]
        if each.starting_seconds:
            highest = each.operations / each.starting_seconds / _GIGA
            text = say(_STARTS, side=label(each.side))
            axes.axhline(highest, color=look.colour, ls="--", lw=1, label=text)
        text = say(_POINT, side=label(each.side), rate=number(each.attained / _GIGA))
        mark: dict[str, Any] = {"marker": look.marker, "ls": "", "ms": 7, "color": look.colour}
        axes.plot([each.intensity], [each.attained / _GIGA], label=text, **mark)
    axes.set(xscale="log", yscale="log", xlabel=say(_INTENSITY), ylabel=say(_RATE))
    axes.set_xlim(intensities[0], intensities[-1])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: short_number(value))
        axis.set_minor_formatter(NullFormatter())
    legend_above(axes, fontsize="small", borderpad=0)


def _rates(each: Roofline) -> tuple[float, float]:
    return each.operations_per_second, each.bytes_per_second
