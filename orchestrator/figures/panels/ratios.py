"""How many times as long each pair's slower side took, and between what the ratio lies."""

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from orchestrator.figures.panels.common import nothing
from orchestrator.language.palette import GREY, PALE, lighter, looks
from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label
from orchestrator.results.comparison import Comparison

_NO_PAIRS = Phrase("There is no pair of trials to hold against each other.")
_PAIR, _AS_LONG, _ONE = Phrase("pair"), Phrase("as long"), Phrase("one pair")
_AXIS = Phrase("epoch, {slower} / {faster}")
_INTERVAL = Phrase("95 %: {low:.3f} to {high:.3f}")
_RATIO = Phrase("ratio {ratio:.3f}")


def ratios(axes: Axes, comparison: Comparison) -> None:
    """A mark for each pair, in the order of the trials; the ratio and its interval behind them."""
    verdict = comparison.verdict
    if verdict is None:
        nothing(axes, say(_NO_PAIRS))
        return
    look = looks(list(comparison.trials))[verdict.faster]
    names = {"faster": label(verdict.faster), "slower": label(verdict.slower)}
    axes.set(xlabel=say(_PAIR), ylabel=say(_AXIS, **names))
    axes.axhline(1, color=GREY, lw=1, ls="--", label=say(_AS_LONG))
    if verdict.low is not None and verdict.high is not None:
        text = say(_INTERVAL, low=verdict.low, high=verdict.high)
        axes.axhspan(
            verdict.low, verdict.high, color=lighter(look.colour, PALE), lw=0, label=text, zorder=0
        )
    axes.axhline(verdict.ratio, color=look.colour, label=say(_RATIO, ratio=verdict.ratio))
    axes.plot(
        list(verdict.pair_ratios),
        list(verdict.pair_ratios.values()),
        color=look.colour,
        marker=look.marker,
        ls="",
        ms=7,
        label=say(_ONE),
    )
    axes.margins(y=0.15)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.01), ncols=2, fontsize="small")
