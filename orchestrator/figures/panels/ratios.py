"""How many times as long each pair's slower side took, and the ratio's interval."""

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from orchestrator.figures.panels.common import legend_above, nothing
from orchestrator.figures.panels.lines import fit_beside
from orchestrator.language.palette import GREY, PALE, lighter, looks
from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label
from orchestrator.results.comparison import Comparison
from orchestrator.results.quantities import EPOCH

_NO_PAIRS = Phrase("There is no pair of trials to compare.")
_PAIR, _AS_LONG, _ONE = Phrase("pair"), Phrase("equal time"), Phrase("one pair")
_AXIS = Phrase("epoch, {slower} / {faster}")
_SHORT_AXIS, _OVER_BASELINE = Phrase("epoch, slower / faster"), Phrase("epoch, over the baseline")
_INTERVAL = Phrase("95 %: {low:.3f} to {high:.3f}")
_RATIO = Phrase("ratio {ratio:.3f}")
_BLOCK, _OVER = Phrase("block"), Phrase("epoch, over {baseline}")
_RATIO_OF = Phrase("{side} {ratio:.3f}")


def ratios(axes: Axes, comparison: Comparison) -> None:
    """Draw a mark for each pair, in the order of the trials; ratio and interval behind them."""
    if not comparison.verdicts:
        nothing(axes, say(_NO_PAIRS))
        return
    if len(comparison.pairs) > 1:
        _of_several(axes, comparison)
        return
    (verdict,) = comparison.verdicts
    look = looks(list(comparison.trials))[verdict.faster]
    names = {"faster": label(verdict.faster), "slower": label(verdict.slower)}
    axis = say(_AXIS, **names) if fit_beside(comparison) else say(_SHORT_AXIS)
    axes.set(xlabel=say(_PAIR), ylabel=axis)
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
    legend_above(axes, ncols=2, fontsize="small")


def _of_several(axes: Axes, comparison: Comparison) -> None:
    """Draw each side over the baseline, side by side in each block, with ratio and interval."""
    verdicts = [(pair, pair.verdict) for pair in comparison.pairs if pair.verdict is not None]
    styles = looks(list(comparison.trials))
    beside = fit_beside(comparison)
    baseline = say(_OVER, baseline=label(verdicts[0][0].baseline))
    axes.set(xlabel=say(_BLOCK), ylabel=baseline if beside else say(_OVER_BASELINE))
    axes.axhline(1, color=GREY, lw=1, ls="--")
    for place, (pair, verdict) in enumerate(verdicts):
        look, estimate = styles[pair.side], pair.ratios[EPOCH.name]
        # The verdict's ratios are the slower one's over the faster one's.
        values = [
            ratio if verdict.slower == pair.side else 1 / ratio
            for ratio in verdict.pair_ratios.values()
        ]
        shift = 0.6 * ((place + 0.5) / len(verdicts) - 0.5)
        axes.plot(
            [number + shift for number in verdict.pair_ratios],
            values,
            color=look.colour,
            marker=look.marker,
            ls="",
            ms=5,
            label=say(_RATIO_OF, side=label(pair.side), ratio=estimate.ratio),
        )
        axes.axhline(estimate.ratio, color=look.colour, lw=1)
        if estimate.low is not None and estimate.high is not None:
            colour = lighter(look.colour, PALE)
            axes.axhspan(estimate.low, estimate.high, color=colour, alpha=0.5, lw=0, zorder=0)
    axes.margins(y=0.15)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend_above(axes, ncols=3 if beside else 1, fontsize="small", borderpad=0.4 if beside else 0)
