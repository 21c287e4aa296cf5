"""How long each side has taken after so many epochs, start-up counted, and where two are level."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from orchestrator.figures.panels.common import legend_above, nothing, short_number
from orchestrator.figures.panels.lines import pens
from orchestrator.language.palette import FAINT, GREY
from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label
from orchestrator.results.break_even import ahead
from orchestrator.results.comparison import Comparison
from orchestrator.results.quantities import EPOCH, START_UP

_EPOCHS = Phrase("epochs")
_SECONDS = Phrase("seconds, start-up counted")
_LEVEL = Phrase("level after {epochs:.1f} epochs (95 %: {low:.1f} to {high:.1f})")
_NOTHING = Phrase("No side with faster epochs starts up later.")
_ROOM = 1.6  # times the last place where two sides are level


def break_even(axes: Axes, comparison: Comparison) -> None:
    """Draw a line for each side, of medians, and each place where two are level with its band."""
    found = [each for each in ahead(comparison) if each.low is not None and each.high is not None]
    if not found:
        nothing(axes, say(_NOTHING))
        return
    last = max(_ROOM * max(each.high or 0.0 for each in found), float(comparison.job.epochs))
    epochs = np.linspace(0, last, 9)
    styles = pens(comparison)
    for name in {side: None for each in found for side in (each.faster, each.slower)}:
        trials = comparison.counted[name]
        start, epoch = START_UP.of(trials, None), EPOCH.of(trials, None)
        if start is not None and epoch is not None:
            axes.plot(epochs, start + epoch * epochs, label=label(name), **styles[name])
    for each in found:
        ends = {"low": max(0.0, each.low or 0.0), "high": each.high or 0.0}
        axes.axvspan(ends["low"], ends["high"], color=FAINT, lw=0, zorder=0)
        text = say(_LEVEL, epochs=each.epochs, **ends)
        axes.axvline(each.epochs, color=GREY, ls="--", lw=1, zorder=1, label=text)
    axes.set(xlabel=say(_EPOCHS), ylabel=say(_SECONDS), xlim=(0, last))
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_formatter(lambda value, _: short_number(value))
    legend_above(axes, fontsize="small", borderpad=0)
