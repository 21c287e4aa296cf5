"""What was learned: a curve for each framework, by epoch, by step, by seconds of training."""

import itertools
from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from orchestrator.figures.panels.common import legend_above, note, nothing, short_number
from orchestrator.figures.panels.lines import (
    Floats,
    band_words,
    extremes,
    fit_beside,
    lines,
    name_lines,
    pens,
)
from orchestrator.language.palette import GREY, looks
from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label, number
from orchestrator.results.comparison import Comparison
from orchestrator.results.quantities import TARGET, TRAIN_LOSS, test_metric
from orchestrator.trials.metrics import Metric, headline, target_of
from orchestrator.trials.trial import Trial

_SMOOTHED_STEPS = 100

_EPOCH, _STEP = Phrase("epoch"), Phrase("step")
_STEP_OF = Phrase("step ({steps:,} in an epoch)")
_SECONDS = Phrase("seconds of training")
_LOSS_AXIS, _PERCENT_AXIS = Phrase("training loss"), Phrase("{metric}, %")
_FAINT_AND_STRONG = Phrase("faint: each step\nstrong: mean of {block} steps")
_MEANS = Phrase("means of {block} steps")
_LAST_EPOCH = Phrase("numbers: mean of the last epoch")
_NO_EPOCH = Phrase("No epoch was finished.")
_NO_STEP = Phrase("No step was finished.")
_TARGET = Phrase("target {target}")
_HIGH = 0.9  # of the axis: a target from there on is named below its line
_REACHED = Phrase("{framework}: target after {seconds} s")
_NOT_REACHED = Phrase("{framework}: target not reached")


def accuracy(axes: Axes, comparison: Comparison) -> None:
    """Draw the task's metric on the test samples after each epoch, a share in percent."""
    metric = headline(comparison.job)
    curves = {
        name: [_values(trial, metric) for trial in trials]
        for name, trials in comparison.counted.items()
    }
    shown = _finite(itertools.chain(*curves.values()))
    if not len(shown):
        nothing(axes, say(_NO_EPOCH))
        return
    last = max(map(len, itertools.chain(*curves.values())))
    lines(axes, comparison, np.arange(1.0, last + 1), curves)
    axes.set(xlabel=say(_EPOCH), ylabel=_axis(metric), xlim=(0.6, last + 0.4))
    _scale_of_values(axes, shown, metric)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    name_lines(axes, comparison, test_metric(comparison.job))
    if text := band_words(comparison):
        note(axes, text, 0.03, 0.03)


def reaching(axes: Axes, comparison: Comparison) -> None:
    """Draw the metric over the seconds trained: trials thin, the medians of all strong.

    The metric is the target's, if the job has one.
    """
    target = target_of(comparison.job)
    metric = target[0] if target else headline(comparison.job)

    def values(trial: Trial) -> Floats:
        return _values(trial, metric)

    shown = _finite(map(values, itertools.chain(*comparison.counted.values())))
    if not len(shown):
        nothing(axes, say(_NO_EPOCH))
        return
    for name, pen in pens(comparison).items():
        group = [trial for trial in comparison.counted[name] if trial.epochs]
        if not group:
            continue
        for trial in group if len(group) > 1 else ():
            axes.plot(
                *(_seconds(trial), values(trial)),
                color=pen["markeredgecolor"],
                alpha=0.35,
                lw=0.8,
            )
        length = min(len(trial.epochs) for trial in group)
        middles = [
            np.median([of(trial)[:length] for trial in group], axis=0) for of in (_seconds, values)
        ]
        axes.plot(*middles, label=_reached(name, group, comparison), **pen)
    axes.set(xlabel=say(_SECONDS), ylabel=_axis(metric))
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(lambda value, _: short_number(value))
    place = _scale(metric) * target[1] if target else 0.0
    _scale_of_values(axes, np.append(shown, place) if target else shown, metric)
    if target:
        axes.axhline(place, color=GREY, ls="--", lw=1, zorder=1)
        beside = axes.get_yaxis_transform()
        text = say(_TARGET, target=metric.written(target[1]))
        pixels = axes.transData.transform((0, place))
        high = axes.transAxes.inverted().transform(pixels)[1] > _HIGH  # above is the legend
        pen = {"color": GREY, "fontsize": "small", "xytext": (4, -3 if high else 3)}
        pen["va"] = "top" if high else "bottom"
        axes.annotate(text, (0, place), xycoords=beside, textcoords="offset points", **pen)
    if fit_beside(comparison):
        axes.legend(loc="lower right" if metric.rises else "lower left", fontsize="small")
    else:
        legend_above(axes, fontsize="small", borderpad=0)


def _reached(side: str, group: Sequence[Trial], comparison: Comparison) -> str:
    if target_of(comparison.job) is None:
        return label(side)
    seconds = TARGET.of(group, comparison.job)
    if seconds is None or None in [TARGET.measure(trial, comparison.job) for trial in group]:
        return say(_NOT_REACHED, framework=label(side))
    return say(_REACHED, framework=label(side), seconds=number(seconds))


def _values(trial: Trial, metric: Metric) -> Floats:
    """Return the metric after each epoch, a share in percent; NaN where there is none."""
    values = [metric.of(epoch.test) for epoch in trial.epochs]
    return _scale(metric) * np.array([np.nan if v is None else v for v in values], np.float64)


def _scale(metric: Metric) -> float:
    return 100.0 if metric.is_share else 1.0


def _axis(metric: Metric) -> str:
    return say(_PERCENT_AXIS, metric=metric.test) if metric.is_share else say(metric.test)


def _finite(curves: Iterable[Floats]) -> Floats:
    values = np.concatenate([np.empty(0), *curves])
    kept: Floats = values[np.isfinite(values)]
    return kept


def _seconds(trial: Trial) -> Floats:
    return np.cumsum([epoch.train_seconds for epoch in trial.epochs])


def loss(axes: Axes, comparison: Comparison) -> None:
    """Draw training loss by step: means over blocks of steps; of one trial each step, faint."""
    steps = max(
        (len(t.losses) for trials in comparison.counted.values() for t in trials), default=0
    )
    if not steps:
        nothing(axes, say(_NO_STEP))
        return
    block = min(_SMOOTHED_STEPS, max(1, steps // 25))
    alone = not band_words(comparison)
    highest = _draw_each_step(axes, comparison) if alone else 0.0
    curves = {
        name: [_block_means(trial.losses, block) for trial in trials]
        for name, trials in comparison.counted.items()
    }
    middles = np.minimum(np.arange(0, steps, block) + (block - 1) / 2, steps - 1)
    thin = {"marker": ""} if steps > block else {}  # a single point needs its marker
    lines(axes, comparison, middles, curves, **thin)
    axes.set(xlabel=_steps_label(comparison), ylabel=say(_LOSS_AXIS), xlim=(-0.5, steps - 0.5))
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10], integer=True))
    means = np.concatenate(list(itertools.chain(*curves.values())))
    shown = means[np.isfinite(means) & (means > 0)]
    if len(shown):
        axes.set_yscale("log")
        axes.set_ylim(shown.min() / 4, 1.2 * max(highest, shown.max()))
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(lambda value, _: short_number(value))
        axes.yaxis.set_minor_formatter(NullFormatter())
        phrase = _FAINT_AND_STRONG if alone else _MEANS
        notes = [say(phrase, block=block) if block > 1 else "", band_words(comparison)]
        text = "\n".join(filter(None, [*notes, say(_LAST_EPOCH)]))
        note(axes, text, 0.97, 0.97, ha="right", va="top")
    name_lines(axes, comparison, TRAIN_LOSS)


def _draw_each_step(axes: Axes, comparison: Comparison) -> float:
    """Draw the first trial's losses, faint; return the highest finite one of all."""
    highest = 0.0
    for name, look in looks(list(comparison.trials)).items():
        raw = comparison.counted[name][0].losses
        steps = extremes(raw)
        axes.plot(steps, raw[steps], color=look.colour, alpha=0.13, lw=0.5)
        highest = max(highest, np.max(raw, where=np.isfinite(raw), initial=0.0))
    return highest


def _scale_of_values(axes: Axes, values: Floats, metric: Metric) -> None:
    axes.set_ylim(*_limits(values, metric))
    if not metric.is_share:
        axes.ticklabel_format(axis="y", scilimits=(-3, 4))  # longer numbers have no room


def _limits(values: Floats, metric: Metric) -> tuple[float, float]:
    """Return whole tens of percent around the values, with room below: a tenth is no cliff.

    Other metrics have no such unit: a tenth of their range is left on either side.
    """
    if not metric.is_share:
        room = 0.1 * float(np.ptp(values)) or 0.1 * abs(float(values[0])) or 0.1
        return float(values.min()) - room, float(values.max()) + room
    low = max(0.0, 10 * np.floor((values.min() - 1) / 10))
    return low, max(low + 10, 10 * np.ceil(values.max() / 10))


def _block_means(losses: Floats, block: int) -> Floats:
    """Return means over blocks of this many steps; the last block may be short."""
    starts = np.arange(0, len(losses), block)
    if not len(starts):
        return losses
    means: Floats = np.add.reduceat(losses, starts) / np.minimum(block, len(losses) - starts)
    return means


def _steps_label(comparison: Comparison) -> str:
    trials = itertools.chain(*comparison.counted.values())
    known = {steps for trial in trials if (steps := trial.epoch_steps)}
    return say(_STEP_OF, steps=known.pop()) if len(known) == 1 else say(_STEP)
